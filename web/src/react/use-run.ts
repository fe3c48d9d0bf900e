/** A run in a component, live or replayed. The run's end is the run's: a connection that is lost says nothing of it. */

import { useEffect, useMemo, useState } from "react";
import type { RunSource, RunState } from "../core/store.ts";
import { hasEnded } from "../core/view.ts";
import { useOptionalClient } from "./context.tsx";
import { type Equal, useStore } from "./use-store.ts";

/** A run by its id, watched through the provider's server, or a store: of `createRunStore` or `createReplayStore`. */
export type RunRef = string | RunSource;

export function useRun(run: RunRef): RunState;
export function useRun<T>(run: RunRef, select: (state: RunState) => T, equal?: Equal<T>): T;
export function useRun<T>(run: RunRef, select?: (state: RunState) => T, equal?: Equal<T>): T | RunState {
  return useStore<RunState, T | RunState>(useRunSource(run), select ?? whole, equal as Equal<T | RunState>);
}

/** The store behind a run: for its controls, and to be given to components that take one. */
export function useRunSource(run: RunRef): RunSource {
  const client = useOptionalClient();
  return useMemo(() => {
    if (typeof run !== "string") return run;
    if (!client) throw new Error("A run's id needs a <StepglassProvider> around it; a store does not.");
    return client.run(run);
  }, [client, run]);
}

/** The run's own time in Unix ms, every `everyMs`, for durations that go on; it stands still when the run has ended. */
export function useNow(run: RunRef, everyMs = 1000): number {
  const source = useRunSource(run);
  const ended = useStore(source, endOf);
  const [now, setNow] = useState(() => source.now());
  useEffect(() => {
    if (ended !== undefined) return;
    setNow(source.now());
    const timer = setInterval(() => setNow(source.now()), everyMs);
    return () => clearInterval(timer);
  }, [source, everyMs, ended]);
  return ended ?? now;
}

function whole(state: RunState): RunState {
  return state;
}

function endOf({ view }: RunState): number | undefined {
  return hasEnded(view) ? (view.endedAt ?? 0) : undefined;
}
