/** A run store with somebody who looks at it, and time that passes when a test says so. */

import { afterEach, beforeEach, vi } from "vitest";
import { createRunStore, type RunState, type RunStore, type RunStoreOptions } from "../src/core/store.ts";
import { TestPresence } from "./page.ts";
import type { Server } from "./server.ts";
import { FIRST_TS, RUN_ID } from "./story.ts";

const open: (() => void)[] = [];

/** Timers and the clock stand still in every test of the file that calls this, and nothing is left open behind one. */
export function timeStandsStill(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: FIRST_TS });
  });
  afterEach(async () => {
    for (const stop of open.splice(0)) stop();
    await vi.runOnlyPendingTimersAsync();
    vi.useRealTimers();
  });
}

/** Let everything happen that needs no more than `ms`; a frame is drawn every 16 ms. */
export async function pass(ms = 20): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

export interface Watching {
  store: RunStore;
  presence: TestPresence;
  /** The state at every call of the listener. */
  seen: RunState[];
  stop(): void;
  readonly now: RunState;
}

export function watch(server: Server, options: Partial<RunStoreOptions> = {}): Watching {
  const presence = new TestPresence();
  const store = createRunStore({ runId: RUN_ID, fetch: server.fetch, presence, random: () => 1, ...options });
  const seen: RunState[] = [];
  const stop = store.subscribe(() => seen.push(store.getSnapshot()));
  open.push(stop);
  return {
    store,
    presence,
    seen,
    stop,
    get now() {
      return store.getSnapshot();
    },
  };
}
