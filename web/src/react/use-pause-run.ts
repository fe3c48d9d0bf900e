/** Pausing a run and letting it go on. That it is paused shows in the run, not here. */

import type { Problem } from "../core/contract.ts";
import { useClient } from "./context.tsx";
import { useAction } from "./use-action.ts";

export interface PauseRun {
  pause(): Promise<void>;
  unpause(): Promise<void>;
  /** While the wish is on its way. */
  readonly pending: boolean;
  readonly problem: Problem | undefined;
}

export function usePauseRun(runId: string): PauseRun {
  const { api } = useClient();
  const { run, pending, problem } = useAction((wanted: boolean) =>
    wanted ? api.pauseRun(runId) : api.unpauseRun(runId),
  );
  const ask = async (wanted: boolean): Promise<void> => {
    await run(wanted);
  };
  return { pause: () => ask(true), unpause: () => ask(false), pending, problem };
}
