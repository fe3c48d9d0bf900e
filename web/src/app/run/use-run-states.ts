/** Several runs at once, each watched as if it were alone. */

import { useMemo } from "react";
import type { Store } from "../../core/publisher.ts";
import type { RunState } from "../../core/store.ts";
import { useClient } from "../../react/context.tsx";
import { shallowEqual, useStore } from "../../react/use-store.ts";

/** In the order of their ids. */
export function useRunStates(runIds: readonly string[]): readonly RunState[] {
  const client = useClient();
  const key = runIds.join("\n");
  const together = useMemo(() => joined(key ? key.split("\n").map((runId) => client.run(runId)) : []), [client, key]);
  return useStore(together, whole, shallowEqual);
}

function joined<T>(stores: readonly Store<T>[]): Store<readonly T[]> {
  let last: readonly T[] = [];
  return {
    getSnapshot() {
      const now = stores.map((store) => store.getSnapshot());
      // The same answer for the same states.
      if (!shallowEqual(last, now)) last = now;
      return last;
    },
    subscribe(listener) {
      const stops = stores.map((store) => store.subscribe(listener));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

function whole<T>(state: T): T {
  return state;
}
