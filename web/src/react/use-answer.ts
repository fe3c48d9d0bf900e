/** Answering a question of a run. That it is answered shows in the run, not here. */

import type { Problem } from "../core/contract.ts";
import { useClient } from "./context.tsx";
import { useAction } from "./use-action.ts";

export interface Answer {
  /** True when the answer is stored; else `problem` says why it is not. */
  answer(value: unknown): Promise<boolean>;
  /** While the answer is on its way. */
  readonly pending: boolean;
  /** It is stored; the run says so in a moment. */
  readonly sent: boolean;
  /** Of the type `/problems/answered` when somebody else was faster, or the time was up. */
  readonly problem: Problem | undefined;
}

export function useAnswer(runId: string, inputId: string): Answer {
  const { api } = useClient();
  const { run, pending, result, problem } = useAction((value: unknown) => api.answerInput(runId, inputId, value));
  const answer = async (value: unknown): Promise<boolean> => (await run(value)) !== undefined;
  return { answer, pending, sent: result !== undefined, problem };
}
