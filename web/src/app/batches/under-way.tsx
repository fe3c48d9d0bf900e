/** The runs of a batch that are at work now, some of them, each a step away. */

import { type ReactNode, useEffect, useState } from "react";
import { RequestError } from "../../core/errors.ts";
import { whileLookedAt } from "../../core/looking.ts";
import { browserPresence } from "../../core/presence.ts";
import type { RunBody, RunPage } from "../../core/wire.ts";
import { useClient } from "../../react/context.tsx";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { Link } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { type Batch, isOver } from "./batch.ts";
import css from "./under-way.module.css";

const SHOWN = 12;
const EVERY_MS = 3000;

export function UnderWay({ batch }: { batch: Batch }): ReactNode {
  const { now: words } = useAppText().batches;
  const text = useText();
  const runs = useUnderWay(batch);
  if (isOver(batch)) return null;
  // Places are kept, so that what is below stays where it is.
  const places = Math.min(SHOWN, Math.max(batch.counts?.running ?? batch.concurrency, 1));
  return (
    <section className={css["now"]} aria-label={words.title}>
      <h2>{words.title}</h2>
      <ul>
        {runs.slice(0, places).map(({ run_id, title, pipeline, progress }) => (
          <li key={run_id}>
            <Link href={`/runs/${run_id}`}>
              <bdi>{title ?? nameOf(text, pipeline)}</bdi> <span>{text.percent(Math.floor(progress))}</span>
            </Link>
          </li>
        ))}
        {Array.from({ length: places - runs.length }, (_, at) => (
          <li key={String(at)} className={css["free"]} aria-hidden="true" />
        ))}
      </ul>
    </section>
  );
}

/** Asked for while somebody looks: a feed of many runs would say much more than is shown. */
function useUnderWay(batch: Batch): readonly RunBody[] {
  const { http } = useClient();
  const { batchId } = batch;
  const [runs, setRuns] = useState<readonly RunBody[]>([]);
  const going = !isOver(batch);
  useEffect(() => {
    if (!going) return;
    const leaving = new AbortController();
    const query = new URLSearchParams({ about: batchId, status: "running", limit: String(SHOWN) });
    const ask = async (): Promise<void> => {
      try {
        const response = await http(`/api/runs?${query}`, { signal: leaving.signal });
        const page = (await response.json()) as RunPage;
        // The oldest first, so that each stays where it is while others begin.
        setRuns(page.runs.toReversed());
      } catch (error) {
        // It is asked for again.
        if (!(leaving.signal.aborted || error instanceof RequestError)) throw error;
      }
    };
    const look = (): void => void ask();
    const stop = whileLookedAt(browserPresence, EVERY_MS, { come: look, stay: look });
    return () => {
      stop();
      leaving.abort();
    };
  }, [http, batchId, going]);
  return runs;
}
