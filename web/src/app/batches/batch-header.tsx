/** What a batch is: its name, how it is doing, what it took, and what may be done with it. */

import { type ReactNode, useState } from "react";
import { Button } from "../../components/button.tsx";
import { StatusBadge } from "../../components/status-badge.tsx";
import { usePauseRun } from "../../react/use-pause-run.ts";
import { useText } from "../../text/context.tsx";
import { dateTime, duration, money, nameOf, number } from "../../text/format.ts";
import css from "../page-header.module.css";
import { useAppText } from "../text/languages.tsx";
import { type Batch, isOver } from "./batch.ts";
import type { BatchStore } from "./batch-store.ts";
import { CancelBatch } from "./cancel-batch.tsx";
import { Download } from "./download.tsx";
import { useNow } from "./use-now.ts";

export interface BatchHeaderProps {
  batch: Batch;
  store: BatchStore;
}

export function BatchHeader({ batch, store }: BatchHeaderProps): ReactNode {
  const { batches: words } = useAppText();
  return (
    <header className={css["header"]}>
      <div className={css["name"]}>
        <p className={css["pipeline"]}>{words.one}</p>
        <h1>{batch.name || words.one}</h1>
        <div className={css["badges"]}>
          <StatusBadge status={batch.status} />
        </div>
      </div>
      <Actions batch={batch} />
      <Facts batch={batch} store={store} />
    </header>
  );
}

function Actions({ batch }: { batch: Batch }): ReactNode {
  const { page: words } = useAppText().batches;
  const [asking, ask] = useState(false);
  const over = isOver(batch);
  return (
    <div className={css["actions"]}>
      {over ? null : (
        <>
          <Pause batch={batch} />
          <Button
            size="small"
            look="quiet"
            aria-haspopup="dialog"
            disabled={batch.cancelRequested}
            onClick={() => ask(true)}
          >
            {batch.cancelRequested ? words.cancelling : words.cancel}
          </Button>
          <CancelBatch batch={batch} open={asking && !batch.cancelRequested} onClose={() => ask(false)} />
        </>
      )}
      <Download batch={batch} />
    </div>
  );
}

function Pause({ batch }: { batch: Batch }): ReactNode {
  const { page: words } = useAppText().batches;
  const { pause, unpause, pending, problem } = usePauseRun(batch.batchId);
  const paused = batch.status === "paused";
  return (
    <>
      {problem ? (
        <p className={css["problem"]} role="alert">
          {problem.title}
        </p>
      ) : null}
      {/* Not disabled meanwhile: the focus would be lost. Asked twice at once, it is done once. */}
      <Button
        size="small"
        icon={paused ? "play" : "pause"}
        aria-busy={pending}
        onClick={() => void (paused ? unpause() : pause())}
      >
        {paused ? words.goOn : words.pause}
      </Button>
    </>
  );
}

function Facts({ batch, store }: BatchHeaderProps): ReactNode {
  const { page: words } = useAppText().batches;
  const text = useText();
  const now = useNow(store, !isOver(batch));
  const { createdAt, durationMs, costUsd, costComplete, maxCostUsd, pipeline, concurrency } = batch;
  const elapsed = createdAt === undefined ? undefined : duration(text, now - createdAt, true);
  const facts = [
    [words.pipeline, nameOf(text, pipeline)],
    [words.started, createdAt === undefined ? undefined : dateTime(text, createdAt)],
    durationMs === undefined ? [words.elapsed, elapsed] : [words.duration, duration(text, durationMs)],
    [words.cost, costUsd === undefined ? "–" : money(text, costUsd, costComplete)],
    [words.concurrency, number(text, concurrency)],
    [words.budget, maxCostUsd === undefined ? undefined : money(text, maxCostUsd)],
  ] as const;
  return (
    <dl className={css["facts"]}>
      {facts.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
