/** The API's operations as functions: plain values in, views out. All of them throw what `Http` throws. */

import type { LogEvent } from "./contract.ts";
import type { Http } from "./http.ts";
import { fromSnapshot } from "./snapshot.ts";
import { parseTranscript } from "./transcript.ts";
import type { RunStatus, RunView } from "./view.ts";
import type { PipelineInfo, RunBody, RunPage, Started, WishAccepted } from "./wire.ts";

export interface RunsFilter {
  status?: RunStatus | undefined;
  pipeline?: string | undefined;
  /** A pipeline whose runs are left out; known to lists that are kept up to date, not to the API. */
  without?: string | undefined;
}

export interface PageOfRuns {
  readonly runs: RunBody[];
  /** The `after` of the next page; undefined on the last. */
  readonly nextAfter: string | undefined;
  /** What changes from now on is behind it in `GET /api/runs/events`. */
  readonly cursor: number;
}

export interface StartOptions {
  /** The same key and input start one run, however often they are sent. */
  idempotencyKey?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface RunOptions extends StartOptions {
  /** What the run may cost, where there is a limit. */
  maxCostUsd?: number | undefined;
}

export interface Api {
  /** Gives the run's id, once the run is stored. */
  startRun(pipeline: string, input: unknown, options?: RunOptions): Promise<string>;
  /** A run that refines one section of a framework: `{section, framework, answers, action | instruction, score?}`. */
  refine(refinement: unknown, options?: StartOptions): Promise<string>;
  getRun(runId: string, signal?: AbortSignal): Promise<RunView>;
  /** What the run is now: `cancelled` already, or what it still is until its worker ends it. */
  cancelRun(runId: string): Promise<RunStatus>;
  /** No step begins any more; those at work end first. Gives what the run is now. */
  pauseRun(runId: string): Promise<RunStatus>;
  unpauseRun(runId: string): Promise<RunStatus>;
  /** Tells a run what it asked: a value as the question's `schema` says. Gives what the run is now. */
  answerInput(runId: string, inputId: string, value: unknown): Promise<RunStatus>;
  /** A new run that takes over what was finished; done anew is `fromStep`, or what failed. Gives its id. */
  retryRun(runId: string, fromStep?: string, options?: StartOptions): Promise<string>;
  listRuns(
    filter?: Omit<RunsFilter, "without"> & { after?: string; limit?: number },
    signal?: AbortSignal,
  ): Promise<PageOfRuns>;
  pipelines(signal?: AbortSignal): Promise<PipelineInfo[]>;
  /** The whole log of a run that has ended. One that goes on is waited for to its last word. */
  transcript(runId: string, signal?: AbortSignal): Promise<LogEvent[]>;
}

export function createApi(http: Http): Api {
  const get = async <Body>(path: string, signal?: AbortSignal): Promise<Body> =>
    (await (await http(path, signal ? { signal } : {})).json()) as Body;

  const post = async <Body>(path: string, body?: unknown, options: StartOptions = {}): Promise<Body> => {
    const headers = new Headers(body === undefined ? {} : { "Content-Type": "application/json" });
    if (options.idempotencyKey !== undefined) headers.set("Idempotency-Key", options.idempotencyKey);
    const init: RequestInit = { method: "POST", headers, signal: options.signal ?? null };
    if (body !== undefined) init.body = JSON.stringify(body);
    return (await (await http(path, init)).json()) as Body;
  };

  const startRun: Api["startRun"] = async (pipeline, input, { maxCostUsd, ...options } = {}) =>
    (await post<Started>("/api/runs", { pipeline, input, max_cost_usd: maxCostUsd }, options)).run_id;

  return {
    startRun,
    refine: (refinement, options) => startRun("refine", refinement, options),
    getRun: async (runId, signal) => fromSnapshot(await get<RunBody>(addressOf(runId), signal)),
    cancelRun: async (runId) => (await post<WishAccepted>(`${addressOf(runId)}/cancel`)).status,
    pauseRun: async (runId) => (await post<WishAccepted>(`${addressOf(runId)}/pause`)).status,
    unpauseRun: async (runId) => (await post<WishAccepted>(`${addressOf(runId)}/unpause`)).status,
    answerInput: async (runId, inputId, value) =>
      (await post<WishAccepted>(`${addressOf(runId)}/inputs/${encodeURIComponent(inputId)}`, { value })).status,
    retryRun: async (runId, fromStep, options) =>
      (await post<Started>(`${addressOf(runId)}/retry`, fromStep && { from_step: fromStep }, options)).run_id,
    async listRuns(filter = {}, signal) {
      const given = Object.entries(filter).filter(([, value]) => value !== undefined);
      const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
      const page = await get<RunPage>(query.size ? `/api/runs?${query}` : "/api/runs", signal);
      return { runs: page.runs, nextAfter: page.next_after, cursor: page.cursor };
    },
    pipelines: (signal) => get<PipelineInfo[]>("/api/pipelines", signal),
    async transcript(runId, signal) {
      const headers = { Accept: "application/x-ndjson" };
      const response = await http(`${addressOf(runId)}/events`, { headers, signal: signal ?? null });
      return parseTranscript(await response.text());
    },
  };
}

function addressOf(runId: string): string {
  return `/api/runs/${encodeURIComponent(runId)}`;
}
