/** A run by its id: what it is now, at once, with what it was asked; and for as long as it goes on, live. */

import { useEffect, useMemo, useState } from "react";
import { FINISHED } from "../../core/connection.ts";
import type { Problem } from "../../core/contract.ts";
import { RequestError } from "../../core/errors.ts";
import { fromSnapshot } from "../../core/snapshot.ts";
import type { RunSource } from "../../core/store.ts";
import { hasEnded, type RunView } from "../../core/view.ts";
import { useClient } from "../../react/context.tsx";
import type { RunRef } from "../../react/use-run.ts";
import { type LoadedBody, loadRun } from "../ahead.ts";

export interface LoadedRun {
  /** To be watched: the live run, or what a finished one is for good. Undefined until it is loaded. */
  readonly run: RunRef | undefined;
  readonly pipeline: string | undefined;
  readonly input: Readonly<Record<string, unknown>> | undefined;
  /** The runs that do it again. */
  readonly forks: readonly string[];
  /** The run that it is a part of, or works on. */
  readonly about: string | undefined;
  readonly problem: Problem | undefined;
  retry(): void;
}

const NONE: readonly string[] = [];

export function useLoadedRun(runId: string): LoadedRun {
  const client = useClient();
  const [loaded, setLoaded] = useState<LoadedBody>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again.
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const load = async (): Promise<void> => {
      try {
        const body = await loadRun(client, runId, signal);
        if (signal.aborted) return;
        setLoaded(body);
        setProblem(undefined);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setProblem(error.problem);
      }
    };
    void load();
    return () => leaving.abort();
  }, [client, runId, round]);

  const run = useMemo(() => (loaded ? sourceOf(fromSnapshot(loaded)) : undefined), [loaded]);
  return {
    run,
    pipeline: loaded?.pipeline,
    input: loaded?.input,
    forks: loaded?.forks ?? NONE,
    about: loaded?.about ?? undefined,
    problem,
    retry: () => setRound(round + 1),
  };
}

function sourceOf(view: RunView): RunRef {
  return hasEnded(view) ? stillSource(view) : view.runId;
}

/** A run that does not change any more. */
export function stillSource(view: RunView): RunSource {
  const state = { view, connection: FINISHED };
  return {
    runId: view.runId,
    now: () => view.endedAt ?? 0,
    getSnapshot: () => state,
    subscribe: () => () => undefined,
  };
}
