/** From the folded state that a server keeps to a view: where the log itself is not at hand, or is not needed. */

import { keyOf } from "./draft.ts";
import { Rope } from "./rope.ts";
import {
  type Attempt,
  type Draft,
  NOTHING_ASKED,
  opening,
  type Part,
  type Place,
  pending,
  type RunView,
  type StepView,
} from "./view.ts";
import type { DraftBody, RunBody, StepBody } from "./wire.ts";

/**
 * The view of a `snapshot` frame, of `GET /api/runs/{id}` or of an item of `GET /api/runs`.
 *
 * It goes on with the log from `tail_seq`. What only the log tells is not in it: earlier attempts, first tokens,
 * withdrawn text, and the texts of steps that are finished. `at` is when it was taken: now, if you have just got it.
 */
export function fromSnapshot(run: RunBody, at: number = Date.now()): RunView {
  return {
    ...opening(run.run_id),
    pipeline: run.pipeline,
    title: known(run.title),
    status: run.status,
    progress: run.progress,
    eta: known(run.eta_ms) === undefined ? undefined : { ms: run.eta_ms ?? 0, at, basis: undefined },
    lastSeq: run.tail_seq,
    costUsd: known(run.cost_usd),
    costComplete: run.cost_complete,
    maxCostUsd: known(run.max_cost_usd),
    inputTokens: run.input_tokens,
    outputTokens: run.output_tokens,
    models: run.models,
    createdAt: known(run.created_at),
    startedAt: known(run.started_at),
    endedAt: known(run.ended_at),
    durationMs: known(run.duration),
    forkedFrom: known(run.forked_from),
    cancelRequested: run.cancel_requested,
    asked: run.asked?.length ? run.asked : NOTHING_ASKED,
    steps: run.steps.map(stepFrom),
    result: run.result,
    problem: known(run.problem),
    failedStep: known(run.failed_step),
  };
}

function stepFrom(step: StepBody): StepView {
  const open = step.open.map(placeFrom);
  return {
    ...pending(step.step, step.label),
    after: step.after,
    status: step.status,
    attempt: step.attempt,
    startedAt: known(step.started_at),
    durationMs: known(step.duration),
    expectedMs: known(step.expected_ms),
    drafts: draftsOf(step, open),
    partials: partsOf(step, open),
    result: step.result,
    reusedFrom: known(step.reused_from),
    problem: known(step.problem),
    message: known(step.message),
    costUsd: known(step.cost_usd),
    inputTokens: step.input_tokens,
    outputTokens: step.output_tokens,
    attempts: attemptsOf(step, open),
    open,
  };
}

function placeFrom(place: StepBody["open"][number]): Place {
  const { attempt, lane, round, started_seq } = place;
  return { attempt, lane: known(lane), round: known(round), started: known(started_seq) !== undefined };
}

/** Text of a lane and round belongs to the open place of that name, else to the whole step. */
function draftsOf(step: StepBody, open: readonly Place[]): Draft[] {
  const writing = open.filter((place) => place.started);
  return textsOf(step).map(({ lane, round, text }) => {
    const own = writing.find((place) => place.lane === lane && (round === undefined || place.round === round));
    const place = own ?? writing.find((each) => keyOf(each) === keyOf({})) ?? writing[0];
    const by = { lane, round: round ?? own?.round, attempt: place?.attempt ?? step.attempt, owner: keyOf(place ?? {}) };
    return { ...by, text: Rope.of(text), tokens: 0 };
  });
}

function textsOf({ text, lanes = {}, drafts }: StepBody): readonly DraftBody[] {
  if (drafts) return drafts;
  const byLane = Object.entries(lanes).map(([lane, written]) => ({ lane, text: written }));
  return byLane.length || !text ? byLane : [{ text }];
}

function partsOf(step: StepBody, open: readonly Place[]): Record<string, Part> {
  const owner = keyOf(open.find((place) => place.started) ?? {});
  const parts = Object.entries(step.partials ?? {}).map(([path, value]): [string, Part] => [
    path,
    { value, owner: step.checkpoints?.includes(path) ? undefined : owner },
  ]);
  return Object.fromEntries(parts);
}

/** The last attempt of a step is all that a snapshot knows of them. */
function attemptsOf(step: StepBody, open: readonly Place[]): Attempt[] {
  const startedAt = known(step.started_at);
  if (startedAt === undefined) return [];
  const going = open.filter((place) => place.started);
  const attempt = { firstTokenAt: undefined, startedAt, endedAt: undefined, outcome: undefined };
  if (going.length) return going.map(({ started: _, ...place }) => ({ ...attempt, ...place, owner: keyOf(place) }));
  const outcome = step.status === "complete" ? "complete" : step.status === "retrying" ? "retry" : "error";
  const endedAt = startedAt + (step.duration ?? 0);
  return [{ ...attempt, attempt: step.attempt, lane: undefined, round: undefined, owner: keyOf({}), endedAt, outcome }];
}

function known<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}
