/** How far a batch is, how long it will still take, and how its items stand. Every place is there from the beginning. */

import { type ReactNode, useId } from "react";
import { useText } from "../../text/context.tsx";
import type { Text } from "../../text/en.ts";
import { duration, estimate, number } from "../../text/format.ts";
import type { AppText } from "../text/en.ts";
import { useAppText } from "../text/languages.tsx";
import { type Batch, doneOf, isOver } from "./batch.ts";
import css from "./batch-progress.module.css";
import type { BatchStore } from "./batch-store.ts";
import { Shares } from "./shares.tsx";
import { useNow } from "./use-now.ts";

const KINDS = ["complete", "running", "waiting", "failed", "cancelled"] as const;

export function BatchProgress({ batch, store }: { batch: Batch; store: BatchStore }): ReactNode {
  const { batches: words } = useAppText();
  const text = useText();
  const id = useId();
  const now = useNow(store, !isOver(batch));
  const { counts } = batch;
  const done = counts ? doneOf(counts, batch.status) : 0;
  const share = counts?.total ? done / counts.total : 0;
  return (
    <section className={css["progress"]} aria-label={words.counts.label}>
      <div
        role="progressbar"
        aria-label={words.bar.label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(100 * share)}
        aria-valuetext={counts ? words.bar.said(done, counts.total, counts.failed) : words.bar.preparing}
        aria-describedby={id}
      >
        <Shares counts={counts} />
      </div>
      <p className={css["words"]}>
        <strong>
          {text.percent(Math.floor(100 * share))}
          {counts ? <span>{words.of(done, counts.total)}</span> : null}
        </strong>
        <span id={id}>{sayLeft(text, words, batch, now)}</span>
      </p>
      <dl className={css["counts"]}>
        {KINDS.map((kind) => (
          <div key={kind} data-kind={kind} data-none={!counts?.[kind] || undefined}>
            <dt>{words.counts[kind]}</dt>
            <dd>
              {counts ? number(text, counts[kind]) : words.none}
              {kind === "complete" && counts?.skipped ? <small>{words.counts.skipped(counts.skipped)}</small> : null}
            </dd>
          </div>
        ))}
      </dl>
      <p className={css["message"]}>{sayDoing(words, batch)}</p>
    </section>
  );
}

function sayLeft(text: Text, { bar }: AppText["batches"], batch: Batch, now: number): string {
  if (isOver(batch)) return batch.durationMs === undefined ? "" : bar.ended(duration(text, batch.durationMs));
  const { status, eta, counts } = batch;
  // Before an item has ended, what is known is how long other batches took, and those had other items.
  if (status === "paused" || !(eta && counts && doneOf(counts, status) > counts.skipped)) return "";
  const left = eta.ms - (now - eta.at);
  if (left >= 1500) return text.modal.eta(estimate(text, left));
  return counts.waiting ? "" : text.modal.almost;
}

/** What there is to say besides the numbers. */
function sayDoing({ page, bar }: AppText["batches"], { status, counts, message }: Batch): string {
  switch (status) {
    case "paused":
      return page.paused;
    case "complete":
      if (!counts) return "";
      return counts.complete === counts.total
        ? page.endedWell(counts.total)
        : page.endedSome(counts.total - counts.complete, counts.total);
    case "cancelled":
      return page.cancelledWith(counts?.complete ?? 0);
    case "error":
      return "";
    default:
      // Most often it says the numbers once more.
      return counts ? (waitsFor(message) ?? page.goesOn) : bar.preparing;
  }
}

/** `412 of 1,000 done, 3 failed` is here already. */
function waitsFor(message: string | undefined): string | undefined {
  return message === undefined || /^[\d,.]+ of [\d,.]+ done/.test(message) ? undefined : message;
}
