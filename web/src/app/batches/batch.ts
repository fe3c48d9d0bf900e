/** How a batch stands, as a plain value: from what the API says of it, and from what its log says behind that. */

import type { Counts, LogEvent, Problem } from "../../core/contract.ts";
import { hasEnded, type RunStatus } from "../../core/view.ts";
import type { RunBody } from "../../core/wire.ts";
import type { BatchBody, SummaryBody } from "./wire.ts";

export interface Summary {
  readonly batchId: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Undefined until somebody has looked at the items. */
  readonly counts: Counts | undefined;
  readonly progress: number;
  /** Time left, as it was said at `at`, in the server's time. */
  readonly eta: { readonly ms: number; readonly at: number } | undefined;
  readonly createdAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly durationMs: number | undefined;
  readonly problem: Problem | undefined;
  readonly forkedFrom: string | undefined;
  /** The last `seq` that is in it. */
  readonly lastSeq: number;
}

export interface Batch extends Summary {
  readonly pipeline: string;
  readonly concurrency: number;
  readonly maxCostUsd: number | undefined;
  readonly costUsd: number | undefined;
  readonly costComplete: boolean;
  /** What it is doing, or waits for. */
  readonly message: string | undefined;
  readonly cancelRequested: boolean;
  /** The batches that do it again, the newest first. */
  readonly forks: readonly string[];
}

export function summaryOf(body: SummaryBody, at: number): Summary {
  return {
    batchId: body.batch_id,
    name: body.name ?? "",
    status: body.status,
    counts: body.counts ?? undefined,
    progress: body.progress,
    eta: etaOf(body.eta_ms, at),
    createdAt: body.created_at ?? undefined,
    endedAt: body.ended_at ?? undefined,
    durationMs: body.duration ?? undefined,
    problem: body.problem ?? undefined,
    forkedFrom: body.forked_from ?? undefined,
    lastSeq: body.tail_seq,
  };
}

/** The run of a batch, as the feed of all runs tells of it. */
export function summaryOfRun(run: RunBody & { counts?: Counts | null }, at: number): Summary {
  return summaryOf({ ...run, batch_id: run.run_id, name: run.title ?? null }, at);
}

export function batchOf(body: BatchBody, at: number): Batch {
  return {
    ...summaryOf(body, at),
    pipeline: body.pipeline,
    concurrency: body.concurrency,
    maxCostUsd: body.max_cost_usd ?? undefined,
    costUsd: body.cost_usd ?? undefined,
    costComplete: body.cost_complete,
    message: body.message ?? undefined,
    cancelRequested: body.cancel_requested ?? false,
    forks: body.forks,
  };
}

/** `batch` after one more event of its log. */
export function fold(batch: Batch, event: LogEvent): Batch {
  const progress = Math.max(batch.progress, event.progress ?? 0);
  return { ...batch, progress, lastSeq: event.seq, ...changed(batch, event) };
}

function changed(batch: Batch, event: LogEvent): Partial<Batch> {
  switch (event.type) {
    case "run_start":
    case "run_resumed":
      return batch.status === "queued" ? { status: "running" } : {};
    case "run_paused":
      return { status: "paused" };
    case "run_unpaused":
      return batch.status === "paused" ? { status: "running" } : {};
    case "cancel_requested":
      return { cancelRequested: true };
    case "progress": {
      const { counts = batch.counts, eta_ms: ms } = event.data;
      return { counts, message: event.message, eta: etaOf(ms, event.ts) ?? batch.eta };
    }
    case "complete":
      return { ...ended(batch, event), progress: 100 };
    case "error":
      return { ...ended(batch, event), counts: givenUp(batch.counts), problem: event.data.problem };
    case "cancelled":
      return { ...ended(batch, event), counts: givenUp(batch.counts) };
    default:
      return {};
  }
}

type LastWord = Extract<LogEvent, { type: "complete" | "error" | "cancelled" }>;

function ended({ createdAt }: Batch, { type, ts, duration }: LastWord): Partial<Batch> {
  const durationMs = duration ?? Math.max(0, ts - (createdAt ?? ts));
  return { status: type, endedAt: ts, durationMs, eta: undefined, message: undefined };
}

/** What waited or was under way will not be done any more: as events/fold.py has it. */
function givenUp(counts: Counts | undefined): Counts | undefined {
  if (!counts) return undefined;
  const { waiting, running, cancelled } = counts;
  return { ...counts, waiting: 0, running: 0, cancelled: cancelled + waiting + running };
}

function etaOf(ms: number | null | undefined, at: number): Summary["eta"] {
  return ms === undefined || ms === null ? undefined : { ms, at };
}

export function isOver({ status }: Pick<Summary, "status">): boolean {
  return hasEnded({ status } as Parameters<typeof hasEnded>[0]);
}

/** Items that have their last word. What was given up with the batch was never done. */
export function doneOf({ complete, failed, cancelled }: Counts, status: RunStatus): number {
  return complete + failed + (status === "cancelled" || status === "error" ? 0 : cancelled);
}
