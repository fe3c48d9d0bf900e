/** The figures, asked for again for as long as somebody looks at them. */

import { useEffect, useState } from "react";
import type { Problem } from "../../core/contract.ts";
import { RequestError } from "../../core/errors.ts";
import { whileLookedAt } from "../../core/looking.ts";
import { browserPresence } from "../../core/presence.ts";
import { getStats, type Stats } from "../../core/stats.ts";
import { useClient } from "../../react/context.tsx";

export interface StatsState {
  /** The last that were told, perhaps of another period while those that were asked for are on their way. */
  readonly stats: Stats | undefined;
  /** Why they could not be had, or not anew. */
  readonly problem: Problem | undefined;
  retry(): void;
}

const EVERY_MS = 30_000;

export function useStats(days: number): StatsState {
  const { http } = useClient();
  const [stats, setStats] = useState<Stats>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again.
  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const load = async (): Promise<void> => {
      try {
        const told = await getStats(http, days, signal);
        setStats(told);
        setProblem(undefined);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setProblem(error.problem);
      }
    };
    const ask = (): void => void load();
    const stop = whileLookedAt(browserPresence, EVERY_MS, { come: ask, stay: ask });
    return () => {
      stop();
      leaving.abort();
    };
  }, [http, days, round]);
  return { stats, problem, retry: () => setRound(round + 1) };
}
