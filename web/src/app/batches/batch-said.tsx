/** What changes in a batch, for those who hear the page: a quarter more of it, the first failure, how it ends. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import { Unseen } from "../../components/unseen.tsx";
import { useText } from "../../text/context.tsx";
import { useAppText } from "../text/languages.tsx";
import { type Batch, doneOf, isOver } from "./batch.ts";

const QUARTER = 25;

interface Heard {
  readonly status: Batch["status"];
  /** Quarters that are done. */
  readonly quarters: number;
  readonly failed: boolean;
}

export function BatchSaid({ batch }: { batch: Batch }): ReactNode {
  const text = useText();
  const { said: words } = useAppText().batches;
  const before = useRef<Heard>(undefined);
  const [said, say] = useState("");
  useEffect(() => {
    const [now, last] = [heard(batch), before.current];
    before.current = now;
    if (!last) return;
    const failed = batch.counts?.failed ?? 0;
    const sentences = [
      now.status === last.status ? "" : words.status(text.runStatus[now.status]),
      now.quarters > last.quarters && !isOver(batch) ? words.progress(now.quarters * QUARTER) : "",
      failed && (now.failed !== last.failed || now.status !== last.status) ? words.failed(failed) : "",
    ].filter(Boolean);
    if (sentences.length) say(sentences.join(". "));
  }, [batch, text, words]);
  return (
    <Unseen role="status" aria-live="polite">
      {said}
    </Unseen>
  );
}

function heard({ status, counts }: Batch): Heard {
  const percent = counts?.total ? (100 * doneOf(counts, status)) / counts.total : 0;
  return { status, quarters: Math.floor(percent / QUARTER), failed: Boolean(counts?.failed) };
}
