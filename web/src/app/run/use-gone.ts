/** Whether a run that has ended, and is shown, was removed meanwhile. */

import { useEffect, useState } from "react";
import type { Problem } from "../../core/contract.ts";
import { ApiError, RequestError } from "../../core/errors.ts";
import type { Http } from "../../core/http.ts";
import { whileLookedAt } from "../../core/looking.ts";
import { browserPresence } from "../../core/presence.ts";
import { hasEnded, type RunView } from "../../core/view.ts";
import { useClient } from "../../react/context.tsx";

const EVERY_MS = 60_000;

export function isGone(problem: Problem): boolean {
  return problem.type.endsWith("/unknown-run");
}

/** `wanted` is false where somebody else would notice, or nobody can: a run that goes on, a document, a recording. */
export function useGone(view: RunView, wanted: boolean): boolean {
  const { runId, lastSeq } = view;
  const { http } = useClient();
  const [gone, setGone] = useState(false);
  const asking = wanted && hasEnded(view) && !gone;
  useEffect(() => {
    if (!asking) return;
    const leaving = new AbortController();
    const look = (): void => {
      void isThere(http, runId, lastSeq, leaving.signal).then((there) => !there && setGone(true));
    };
    // It was there a moment ago.
    let come = (): void => undefined;
    const stop = whileLookedAt(browserPresence, EVERY_MS, { come: () => come(), stay: look });
    come = look;
    return () => {
      stop();
      leaving.abort();
    };
  }, [asking, http, runId, lastSeq]);
  return gone;
}

/** At the end of a run's log there is nothing to be sent: to ask for what is behind it costs next to nothing. */
async function isThere(http: Http, runId: string, lastSeq: number, signal: AbortSignal): Promise<boolean> {
  const headers = { Accept: "text/event-stream", "Last-Event-ID": String(lastSeq) };
  try {
    const response = await http(`/api/runs/${encodeURIComponent(runId)}/events`, { headers, signal });
    await response.body?.cancel();
  } catch (error) {
    if (signal.aborted || error instanceof RequestError) return !(error instanceof ApiError && isGone(error.problem));
    throw error;
  }
  return true;
}
