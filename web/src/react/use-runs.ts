/** The list of runs in a component, live. */

import { useMemo } from "react";
import type { RunsFilter } from "../core/api.ts";
import type { RunsState, RunsStore } from "../core/runs.ts";
import { useClient } from "./context.tsx";
import { useStore } from "./use-store.ts";

export interface Runs extends RunsState {
  loadMore: RunsStore["loadMore"];
  reconnect: RunsStore["reconnect"];
}

export function useRuns({ status, pipeline, without }: RunsFilter = {}): Runs {
  const client = useClient();
  const store = useMemo(() => client.runs({ status, pipeline, without }), [client, status, pipeline, without]);
  const state = useStore(store, whole);
  return { ...state, loadMore: store.loadMore, reconnect: store.reconnect };
}

function whole(state: RunsState): RunsState {
  return state;
}
