/** What the API says of batches (api/batches.py, api/batch_items.py), and how to ask it. All throw what `Http` throws. */

import type { Counts, Problem } from "../../core/contract.ts";
import type { Http } from "../../core/http.ts";
import type { RunStatus } from "../../core/view.ts";

export const BATCH = "batch";

/** An element of `GET /api/batches`. */
export interface SummaryBody {
  batch_id: string;
  name?: string | null;
  status: RunStatus;
  counts?: Counts | null;
  progress: number;
  eta_ms?: number | null;
  created_at?: number | null;
  ended_at?: number | null;
  duration?: number | null;
  problem?: Problem | null;
  forked_from?: string | null;
  cancel_requested?: boolean;
  tail_seq: number;
}

/** `GET /api/batches/{id}`. */
export interface BatchBody extends SummaryBody {
  pipeline: string;
  concurrency: number;
  max_cost_usd?: number | null;
  message?: string | null;
  cost_usd?: number | null;
  cost_complete: boolean;
  forks: string[];
}

export interface PageBody {
  batches: SummaryBody[];
  next_after?: string | null;
  cursor: number;
}

/** An item that has ended, as the log of its batch tells it. */
export interface ItemBody {
  key: string;
  run_id?: string | null;
  status: "complete" | "error" | "cancelled";
  skipped?: boolean;
  problem?: Problem | null;
}

/** What stands beside the lines of a batch. */
export interface Order {
  name: string;
  pipeline: string;
  concurrency: number;
  maxCostUsd?: number | undefined;
}

/** A file of 16 MB is on its way for a while, and every item of it is checked. */
const START_MS = 120_000;

export function addressOf(batchId: string): string {
  return `/api/batches/${encodeURIComponent(batchId)}`;
}

export async function getBatch(http: Http, batchId: string, signal?: AbortSignal): Promise<BatchBody> {
  return (await (await http(addressOf(batchId), { signal: signal ?? null, cache: "no-store" })).json()) as BatchBody;
}

export async function getBatches(http: Http, after: string | undefined, signal?: AbortSignal): Promise<PageBody> {
  const query = new URLSearchParams({ limit: "50", ...(after === undefined ? {} : { after }) });
  return (await (await http(`/api/batches?${query}`, { signal: signal ?? null })).json()) as PageBody;
}

/** `lines` as they are in the file. Gives the id of the batch once it is stored. */
export async function startBatch(http: Http, lines: string, order: Order, key: string): Promise<string> {
  const { name, pipeline, concurrency, maxCostUsd } = order;
  const query = new URLSearchParams({ name, pipeline, concurrency: String(concurrency) });
  if (maxCostUsd !== undefined) query.set("max_cost_usd", String(maxCostUsd));
  const headers = { "Content-Type": "application/x-ndjson", "Idempotency-Key": key };
  const init = { method: "POST", headers, body: lines, timeoutMs: START_MS };
  return await idIn(await http(`/api/batches?${query}`, init));
}

/** A new batch of the same order: what is complete is skipped. */
export async function retryBatch(http: Http, batchId: string, key: string): Promise<string> {
  const init = { method: "POST", headers: { "Idempotency-Key": key }, timeoutMs: START_MS };
  return await idIn(await http(`${addressOf(batchId)}/retry`, init));
}

async function idIn(response: Response): Promise<string> {
  return ((await response.json()) as { batch_id: string }).batch_id;
}
