/** Starting a run: once, however often the button is pressed and however often the answer is lost on its way. */

import { useRef } from "react";
import type { Problem } from "../core/contract.ts";
import { randomKey } from "../core/key.ts";
import { useClient } from "./context.tsx";
import { useAction } from "./use-action.ts";

export interface StartRun<Input> {
  /** Gives the run's id, or undefined for what went wrong, which is in `problem`. */
  start(input: Input, maxCostUsd?: number): Promise<string | undefined>;
  readonly starting: boolean;
  readonly runId: string | undefined;
  readonly problem: Problem | undefined;
  /** Forget the run and the problem. The next start is another run, also with the same input. */
  reset(): void;
}

export function useStartRun<Input = unknown>(pipeline: string): StartRun<Input> {
  const { api } = useClient();
  const asked = useRef<{ what: string; key: string }>(undefined);

  const { run, pending, result, problem, reset } = useAction(async (input: Input, maxCostUsd?: number) => {
    const what = JSON.stringify([pipeline, input, maxCostUsd]);
    // The same again is the same run, as long as we do not know that it has started.
    if (asked.current?.what !== what) asked.current = { what, key: randomKey() };
    const runId = await api.startRun(pipeline, input, { idempotencyKey: asked.current.key, maxCostUsd });
    asked.current = undefined;
    return runId;
  });

  return { start: run, starting: pending, runId: result, problem, reset };
}
