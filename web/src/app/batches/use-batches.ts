/** The list of batches in a component, and one batch, live. */

import { useEffect, useMemo, useRef } from "react";
import { RequestError } from "../../core/errors.ts";
import { whileLookedAt } from "../../core/looking.ts";
import { browserPresence } from "../../core/presence.ts";
import { useClient } from "../../react/context.tsx";
import { useStore } from "../../react/use-store.ts";
import { isOver } from "./batch.ts";
import { type BatchState, type BatchStore, createBatchStore } from "./batch-store.ts";
import { createListStore, type ListState, type ListStore } from "./list-store.ts";

export interface Batches extends ListState, Pick<ListStore, "loadMore" | "reconnect"> {}

export function useBatches(): Batches {
  const { http } = useClient();
  const store = useMemo(() => createListStore({ http }), [http]);
  const state = useStore(store, (now: ListState) => now);
  return { ...state, loadMore: store.loadMore, reconnect: store.reconnect };
}

/** What the log does not tell is what it costs, which the server has to sum up. */
const EVERY_MS = 30_000;

export function useBatch(batchId: string): BatchState & { store: BatchStore } {
  const { http } = useClient();
  const store = useMemo(() => createBatchStore({ http, batchId }), [http, batchId]);
  const state = useStore(store, whole);
  const known = state.batch !== undefined;
  const over = state.batch !== undefined && isOver(state.batch);
  const wentOn = useRef(false);
  useEffect(() => {
    // One that had ended when it was loaded was told with all that there is.
    if (!known || (over && !wentOn.current)) return;
    wentOn.current = !over;
    const leaving = new AbortController();
    // What fails is tried again; what is shown meanwhile is not wrong, but old.
    const ask = (): void => void store.refresh(leaving.signal).catch(passing(leaving.signal));
    // It was told a moment ago.
    let come = (): void => undefined;
    const stop = over ? undefined : whileLookedAt(browserPresence, EVERY_MS, { come: () => come(), stay: ask });
    come = ask;
    if (over) ask();
    return () => {
      stop?.();
      leaving.abort();
    };
  }, [store, known, over]);
  return { ...state, store };
}

function whole(state: BatchState): BatchState {
  return state;
}

function passing(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!(signal.aborted || error instanceof RequestError)) throw error;
  };
}
