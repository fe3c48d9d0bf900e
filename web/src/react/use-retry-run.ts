/** Doing a run again from where it failed: once, however often the button is pressed. */

import { useRef } from "react";
import type { Problem } from "../core/contract.ts";
import { randomKey } from "../core/key.ts";
import { useClient } from "./context.tsx";
import { useAction } from "./use-action.ts";

export interface RetryRun {
  /** Gives the id of the new run, or undefined for what went wrong, which is in `problem`. */
  retry(fromStep?: string): Promise<string | undefined>;
  readonly retrying: boolean;
  readonly problem: Problem | undefined;
}

export function useRetryRun(runId: string): RetryRun {
  const { api } = useClient();
  const asked = useRef<{ what: string; key: string }>(undefined);
  const { run, pending, problem } = useAction(async (fromStep?: string) => {
    const what = JSON.stringify([runId, fromStep]);
    // The same again is the same run, as long as we do not know that it has begun.
    if (asked.current?.what !== what) asked.current = { what, key: randomKey() };
    const forked = await api.retryRun(runId, fromStep, { idempotencyKey: asked.current.key });
    asked.current = undefined;
    return forked;
  });
  return { retry: run, retrying: pending, problem };
}
