/** The log of a run in a component: to its end, and for as long as it goes on, live. */

import { useEffect, useState } from "react";
import type { LogEvent, Problem } from "../../core/contract.ts";
import { useClient } from "../../react/context.tsx";
import { isWhole, readLog } from "./log.ts";

export interface Log {
  readonly events: readonly LogEvent[];
  /** Whether the last word is in it. */
  readonly whole: boolean;
  readonly problem: Problem | undefined;
}

const EMPTY: Log = { events: [], whole: false, problem: undefined };
/** Nobody reads a list that changes more often. */
const SHOWN_EVERY_MS = 300;

/** Empty while it is not wanted. `given` is a log that is there already, of a run that is replayed. */
export function useLog(runId: string, wanted: boolean, given?: readonly LogEvent[]): Log {
  const client = useClient();
  const [log, setLog] = useState<Log>(EMPTY);
  useEffect(() => {
    if (given || !runId || !wanted) return;
    const leaving = new AbortController();
    const reader = readLog(client.http, runId, leaving.signal);
    const show = (): void => {
      const { events, problem } = reader;
      setLog((shown) => {
        if (shown.events.length === events.length && shown.problem === problem) return shown;
        return { events: [...events], whole: isWhole(events), problem };
      });
      if (isWhole(events)) clearInterval(showing);
    };
    const showing = setInterval(show, SHOWN_EVERY_MS);
    return () => {
      leaving.abort();
      clearInterval(showing);
      setLog(EMPTY);
    };
  }, [client, runId, wanted, given]);
  return given ? { events: given, whole: true, problem: undefined } : log;
}
