/** Cancelling a run. That it is cancelled shows in the run, not here. */

import type { Problem } from "../core/contract.ts";
import { useClient } from "./context.tsx";
import { useAction } from "./use-action.ts";

export interface CancelRun {
  cancel(): Promise<void>;
  /** While the wish is on its way; from then on `view.cancelRequested` says it. */
  readonly cancelling: boolean;
  readonly problem: Problem | undefined;
}

export function useCancelRun(runId: string): CancelRun {
  const { api } = useClient();
  const { run, pending, problem } = useAction(() => api.cancelRun(runId));
  const cancel = async (): Promise<void> => {
    await run();
  };
  return { cancel, cancelling: pending, problem };
}
