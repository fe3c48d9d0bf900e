/** The one way from a store into React: a component is drawn again when what it selected has changed, and not before. */

import { useMemo, useRef, useSyncExternalStore } from "react";
import type { Store } from "../core/publisher.ts";

export type Equal<T> = (one: T, other: T) => boolean;

/**
 * What `select` takes out of a store. It may make new objects if `equal` says when two of them are the same
 * (`shallowEqual`, for instance); otherwise give back what is in the state.
 */
export function useStore<State, T>(store: Store<State>, select: (state: State) => T, equal: Equal<T> = Object.is): T {
  const last = useRef<{ readonly value: T } | undefined>(undefined);
  const getSelection = useMemo(() => {
    let seen: { readonly state: State; readonly value: T } | undefined;
    return (): T => {
      const state = store.getSnapshot();
      // React asks again and again, and wants the same answer for the same state.
      if (seen?.state === state) return seen.value;
      let value = select(state);
      const before = seen ?? last.current;
      if (before && equal(before.value, value)) value = before.value;
      seen = { state, value };
      last.current = seen;
      return value;
    };
  }, [store, select, equal]);
  return useSyncExternalStore(store.subscribe, getSelection, getSelection);
}

/** Whether two arrays or plain objects have the same members. */
export function shallowEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  const mine = Object.entries(one);
  const theirs = new Map(Object.entries(other));
  return mine.length === theirs.size && mine.every(([name, value]) => Object.is(theirs.get(name), value));
}
