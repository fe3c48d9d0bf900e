/** What a run looks like to whoever draws it. Plain frozen values: what did not change is the same object as before. */

import type { Expected, InputRequiredData, Problem } from "./contract.ts";
import type { Rate } from "./rate.ts";
import type { Rope } from "./rope.ts";

export type RunStatus = "queued" | "running" | "waiting" | "paused" | "complete" | "error" | "cancelled";
export type StepStatus = "pending" | "in_progress" | "retrying" | "complete" | "error" | "skipped";

/** All times are Unix ms of the server's clock, all durations ms. */
export interface RunView {
  readonly runId: string;
  readonly pipeline: string;
  /** What people call this run among others of its pipeline. */
  readonly title: string | undefined;
  readonly status: RunStatus;
  /** Of the whole run, 0 to 100; never goes down. */
  readonly progress: number;
  readonly eta: Eta | undefined;
  /** The last `seq` that is in this view: the cursor to go on from. */
  readonly lastSeq: number;
  /** The sum of the costs that are known; undefined while none is. */
  readonly costUsd: number | undefined;
  /** False when the price of some call is unknown. */
  readonly costComplete: boolean;
  /** What it may come to, where there is a limit. */
  readonly maxCostUsd: number | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly rate: Rate | undefined;
  readonly models: readonly string[];
  readonly createdAt: number | undefined;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly durationMs: number | undefined;
  readonly forkedFrom: string | undefined;
  readonly cancelRequested: boolean;
  /** The newest line for a person. */
  readonly message: string | undefined;
  /** What the run waits to be told by a person, the oldest question first. A run that is paused has them too. */
  readonly asked: readonly InputRequiredData[];
  /** In the order of the plan. */
  readonly steps: readonly StepView[];
  readonly result: unknown;
  readonly problem: Problem | undefined;
  readonly failedStep: string | undefined;
}

/** `ms` left, as it was said at `at`. */
export interface Eta {
  readonly ms: number;
  readonly at: number;
  readonly basis: "history" | "tokens" | "declared" | undefined;
}

export interface StepView {
  readonly id: string;
  readonly label: string;
  /** The steps whose results it needs. */
  readonly after: readonly string[];
  readonly status: StepStatus;
  readonly attempt: number;
  /** Of the running attempt, or of the last one. */
  readonly startedAt: number | undefined;
  /** Of the last attempt that ended. */
  readonly durationMs: number | undefined;
  readonly expectedMs: Expected | undefined;
  /** When the next attempt is to begin, while `retrying`. */
  readonly retryAt: number | undefined;
  /** Of this step, 0 to 100, where it tells. */
  readonly progress: number | undefined;
  /** What the current attempt has written, by lane and round; what a finished one wrote stays. */
  readonly drafts: readonly Draft[];
  /** What the last attempt that failed had written: no longer true, shown only to fade. */
  readonly withdrawn: readonly Draft[];
  /** The parts that hold, by JSON Pointer. */
  readonly partials: Readonly<Record<string, Part>>;
  readonly result: unknown;
  /** The run that the result was taken from. */
  readonly reusedFrom: string | undefined;
  readonly problem: Problem | undefined;
  readonly message: string | undefined;
  readonly costUsd: number | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Set while the step is at work without writing anything. */
  readonly working: Working | undefined;
  /** Every attempt so far, for a picture of the run over time. */
  readonly attempts: readonly Attempt[];
  /** The places that are not finished: more than one only while a step runs in several lanes at once. */
  readonly open: readonly Place[];
}

/** One thing running in a step: a lane or a round of its own, or the whole step where both are undefined. */
export interface Place {
  readonly lane: string | undefined;
  readonly round: number | undefined;
  readonly attempt: number;
  /** False while it waits for its next attempt. */
  readonly started: boolean;
}

/** Text of one lane and round. `owner` is the place whose attempt wrote it. */
export interface Draft {
  readonly lane: string | undefined;
  readonly round: number | undefined;
  readonly attempt: number;
  readonly text: Rope;
  readonly tokens: number;
  readonly owner: string;
}

/** A part of the result that validates. `owner` is undefined for a checkpoint, which outlives the attempt that made it. */
export interface Part {
  readonly value: unknown;
  readonly owner: string | undefined;
}

/** `lost`: its worker was, and nobody said how it ended. No outcome while it goes on. */
export interface Attempt {
  readonly attempt: number;
  readonly lane: string | undefined;
  readonly round: number | undefined;
  readonly startedAt: number;
  readonly firstTokenAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly outcome: "complete" | "retry" | "error" | "lost" | undefined;
  readonly owner: string;
}

/** How long the step has been going, and what it usually still takes; `at` in the run's own time. */
export interface Working {
  readonly elapsedMs: number;
  readonly etaMs: number | undefined;
}

/** One and the same for all views, so that a view that asks nothing is none that has changed. */
export const NOTHING_ASKED: readonly InputRequiredData[] = [];

/** The view of a run of which nothing is known yet. */
export function opening(runId: string): RunView {
  return {
    runId,
    pipeline: "",
    title: undefined,
    status: "queued",
    progress: 0,
    eta: undefined,
    lastSeq: 0,
    costUsd: undefined,
    costComplete: true,
    maxCostUsd: undefined,
    inputTokens: 0,
    outputTokens: 0,
    rate: undefined,
    models: [],
    createdAt: undefined,
    startedAt: undefined,
    endedAt: undefined,
    durationMs: undefined,
    forkedFrom: undefined,
    cancelRequested: false,
    message: undefined,
    asked: NOTHING_ASKED,
    steps: [],
    result: undefined,
    problem: undefined,
    failedStep: undefined,
  };
}

export function pending(id: string, label: string = id): StepView {
  return {
    id,
    label,
    after: [],
    status: "pending",
    attempt: 0,
    startedAt: undefined,
    durationMs: undefined,
    expectedMs: undefined,
    retryAt: undefined,
    progress: undefined,
    drafts: [],
    withdrawn: [],
    partials: {},
    result: undefined,
    reusedFrom: undefined,
    problem: undefined,
    message: undefined,
    costUsd: undefined,
    inputTokens: 0,
    outputTokens: 0,
    working: undefined,
    attempts: [],
    open: [],
  };
}

/** A run has ended when its last word has been said, and by nothing else. */
export function hasEnded(view: RunView): boolean {
  return view.status === "complete" || view.status === "error" || view.status === "cancelled";
}

/** The text of a step's current attempt: of one lane, or of all of them one after the other. */
export function textOf(step: StepView, lane?: string): string {
  const drafts = lane === undefined ? step.drafts : step.drafts.filter((draft) => draft.lane === lane);
  return drafts.map((draft) => draft.text.toString()).join("");
}
