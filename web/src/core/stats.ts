/** How it has been going: the figures of a tenant over the last days, as `GET /api/stats` tells them. */

import type { Http } from "./http.ts";
import type { RunStatus } from "./view.ts";

/** Since the beginning of the first of `days` days, of which today is the last. A day is one of UTC; times are Unix ms. */
export interface Stats {
  generated_at: number;
  days: number;
  runs: {
    total: number;
    by_status: Partial<Record<RunStatus, number>>;
    by_pipeline: Record<string, number>;
  };
  steps: StepTimes[];
  failures: Failure[];
  /** Each of the days, the oldest first. */
  usage: Usage[];
  /** Those who watch a run that goes on, at the process that answered. */
  viewers: number;
  abandoned: number;
  prefect_owed: number;
  alerts: Alert[];
}

/** `runs` completed the step: half of them within `p50_ms`. `failed` are the runs that it ended. */
export interface StepTimes {
  pipeline: string;
  step: string;
  runs: number;
  p50_ms: number | null;
  p90_ms: number | null;
  failed: number;
}

export interface Failure {
  title: string;
  step: string | null;
  runs: number;
}

/** Of the runs that ended on `day`. `cost_usd` is what is known of it; null where nothing is. */
export interface Usage {
  day: string;
  runs: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number | null;
  cost_complete: boolean;
}

/** `value` is above `limit`: ms of `step_slow`, shares of 1 of the others. */
export interface Alert {
  kind: "step_slow" | "step_failures" | "stream_failures";
  pipeline?: string | null;
  step?: string | null;
  value: number;
  limit: number;
  since: number;
}

/** `days` is 1 to 90. Throws what `Http` throws. */
export async function getStats(http: Http, days: number, signal?: AbortSignal): Promise<Stats> {
  const response = await http(`/api/stats?days=${days}`, { signal: signal ?? null, cache: "no-store" });
  return (await response.json()) as Stats;
}
