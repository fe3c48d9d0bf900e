/** The one run that this tab shows in the modal, over whatever page is below: started, watched or played again. */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { GenerationProgressModal } from "../components/generation-progress-modal.tsx";
import type { Problem } from "../core/contract.ts";
import type { ReplayStore } from "../core/replay.ts";
import { useClient } from "../react/context.tsx";
import type { RunRef } from "../react/use-run.ts";
import { useStartRun } from "../react/use-start-run.ts";
import { usePipeline } from "./pipelines.ts";
import { navigate } from "./router.tsx";
import { whenIdle } from "./when-idle.ts";

export interface Generation {
  /** The live run that is watched, whether the modal is open or not. */
  readonly run: string | undefined;
  readonly title: string;
  readonly open: boolean;
  readonly starting: boolean;
  /** Why the last start failed. */
  readonly problem: Problem | undefined;
  /** `maxCostUsd` is what the run may cost. */
  start(input: unknown, title: string, maxCostUsd?: number): void;
  /** Show a run that was started before; with its input it may be started once more. */
  watch(runId: string, title: string, input?: unknown): void;
  /** Another run with the same answers: its page, under the modal. */
  goOn(runId: string, title: string, input?: unknown): void;
  replay(store: ReplayStore, title: string): void;
  show(): void;
}

const GenerationContext = createContext<Generation | undefined>(undefined);
const PIPELINE = "vision_framework";
const INVALID = "/problems/invalid-input";

interface Shown {
  readonly run: RunRef | undefined;
  readonly title: string;
  readonly input: unknown;
  readonly open: boolean;
  /** What it may cost, as far as it was said here. */
  readonly maxCostUsd?: number | undefined;
}

const NOTHING: Shown = { run: undefined, title: "", input: undefined, open: false };

export function GenerationHost({ children }: { children: ReactNode }): ReactNode {
  const host = useHost();
  const { shown, generation, close, problem } = host;
  const pipeline = usePipeline(PIPELINE);
  const openResult = (runId: string): void => {
    close();
    if (location.pathname !== `/runs/${runId}`) navigate(`/runs/${runId}`);
  };
  const { input, title, run, maxCostUsd } = shown;
  return (
    <GenerationContext value={generation}>
      {children}
      <GenerationProgressModal
        open={shown.open && !host.atFields}
        title={title}
        run={run}
        plan={pipeline.info?.plan}
        problem={run === undefined ? problem : undefined}
        onClose={close}
        onOpenResult={openResult}
        onRetried={(runId) => generation.goOn(runId, title, input)}
        onRetry={input === undefined ? undefined : () => generation.start(input, title, maxCostUsd)}
      />
    </GenerationContext>
  );
}

interface Host {
  readonly shown: Shown;
  readonly generation: Generation;
  readonly problem: Problem | undefined;
  /** What is wrong is wrong with fields, and said at them. */
  readonly atFields: boolean;
  close(): void;
}

function useHost(): Host {
  const client = useClient();
  const [shown, setShown] = useState(NOTHING);
  const { start: startRun, starting, problem, reset } = useStartRun(PIPELINE);
  const atFields = problem?.type === INVALID;
  useEffect(() => {
    if (atFields) setShown((now) => ({ ...now, open: false }));
  }, [atFields]);

  const start = useCallback(
    async (input: unknown, title: string, maxCostUsd?: number): Promise<void> => {
      reset();
      setShown({ run: undefined, title, input, open: true, maxCostUsd });
      const from = location.pathname;
      const runId = await startRun(input, maxCostUsd);
      if (runId === undefined) return;
      // Ask for its events at once: whoever looks at it lingers a moment, until the modal does.
      client.run(runId).subscribe(() => undefined)();
      setShown((now) => ({ ...now, run: runId }));
      // The page under the modal is not seen yet, and may come after what is. Who has gone elsewhere is left there.
      whenIdle(() => location.pathname === from && navigate(`/runs/${runId}`), 500);
    },
    [client, startRun, reset],
  );
  const generation = useMemo(
    (): Generation => ({
      run: typeof shown.run === "string" ? shown.run : undefined,
      ...{ title: shown.title, open: shown.open, starting, problem },
      start: (input, title, maxCostUsd) => void start(input, title, maxCostUsd),
      watch: (run, title, input) => setShown({ run, title, input, open: true }),
      goOn: (run, title, input) => {
        setShown({ run, title, input, open: true });
        navigate(`/runs/${run}`);
      },
      replay: (store, title) => setShown({ run: store, title, input: undefined, open: true }),
      show: () => setShown((now) => ({ ...now, open: true })),
    }),
    [shown, starting, problem, start],
  );
  const close = (): void => {
    setShown((now) => ({ ...now, open: false }));
    if (shown.run === undefined) reset();
  };
  return { shown, generation, problem, atFields, close };
}

export function useGeneration(): Generation {
  const generation = useContext(GenerationContext);
  if (!generation) throw new Error("Put a <GenerationHost> around this component.");
  return generation;
}
