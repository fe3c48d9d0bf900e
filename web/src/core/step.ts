/** One step under the events that are about it: its status, its attempts, what it costs and what it makes. */

import type { LogEvent } from "./contract.ts";
import { sum } from "./cost.ts";
import { dropped, keyOf, ownerOf, withdrawn, written } from "./draft.ts";
import type { Attempt, Place, StepStatus, StepView } from "./view.ts";

export type StepEvent = Extract<LogEvent, { step: string }>;
type Of<Type extends LogEvent["type"]> = Extract<StepEvent, { type: Type }>;
type Change = Partial<StepView>;

/** `step` after one more event, or undefined for a type of event that is not known. */
export function foldStep(step: StepView, event: StepEvent): StepView | undefined {
  const change = changed(step, event);
  return change && { ...step, working: undefined, message: event.message ?? step.message, ...change };
}

/** A step that was left open when the run ended. */
export function abandoned(step: StepView, at: number): StepView {
  if (step.status !== "in_progress" && step.status !== "retrying") return step;
  const ended = step.attempts.map((each) => (each.outcome ? each : { ...each, endedAt: at, outcome: "lost" as const }));
  let left = step;
  for (const place of step.open) left = { ...left, ...withdrawn(left, keyOf(place)) };
  return { ...left, ...still, status: "error", open: [], attempts: ended };
}

/** What no step has that is not at work. */
const still = { working: undefined, retryAt: undefined, progress: undefined } as const;

function changed(step: StepView, event: StepEvent): Change | undefined {
  switch (event.type) {
    case "step_start":
      return started(step, event);
    case "model_chunk":
      return written(step, event);
    case "partial": {
      const owner = event.data.input_hash === undefined ? ownerOf(step, event) : undefined;
      return { partials: { ...step.partials, [event.data.path]: { value: event.data.value, owner } } };
    }
    case "partial_withdrawn": {
      const { [event.data.path]: _, ...partials } = step.partials;
      return { partials };
    }
    case "progress":
      return { progress: event.data.step_progress ?? step.progress };
    case "usage":
      return {
        costUsd: sum(step.costUsd, event.data.cost_usd),
        inputTokens: step.inputTokens + event.data.input_tokens,
        outputTokens: step.outputTokens + event.data.output_tokens,
      };
    case "step_skipped":
      return { ...still, ...placed(step, event, "skipped") };
    default:
      return closed(step, event);
  }
}

function started(known: StepView, event: Of<"step_start">): Change {
  const { lane, round, attempt, ts } = event;
  const owner = keyOf(event);
  // A step that was complete is gone through once more, in another round: what it makes now is what counts.
  const step = known.status === "complete" ? { ...known, drafts: [], withdrawn: [], partials: {} } : known;
  // An attempt that is still open has lost its worker without a word.
  const before = step.open.some((place) => place.started && keyOf(place) === owner)
    ? { ...withdrawn(step, owner), attempts: finished(step, owner, ts, "lost") }
    : { ...dropped(step, owner), attempts: step.attempts };
  const begun: Attempt = {
    ...{ attempt, lane, round, owner, startedAt: ts },
    ...{ firstTokenAt: undefined, endedAt: undefined, outcome: undefined },
  };
  return {
    partials: step.partials,
    ...before,
    ...still,
    ...placed(step, event, "in_progress", { lane, round, attempt, started: true }),
    attempts: [...before.attempts, begun],
    attempt,
    startedAt: ts,
    expectedMs: event.data.expected_ms ?? step.expectedMs,
    problem: undefined,
  };
}

function closed(step: StepView, event: Of<"step_retry" | "step_complete" | "step_error">): Change | undefined {
  const owner = keyOf(event);
  const end = { ...still, attempt: event.attempt, durationMs: event.duration };
  switch (event.type) {
    case "step_retry": {
      const { lane, round, attempt, ts, data } = event;
      return {
        ...end,
        ...withdrawn(step, owner),
        ...placed(step, event, "retrying", { lane, round, attempt, started: false }),
        attempts: finished(step, owner, ts, "retry"),
        problem: data.problem,
        retryAt: ts + data.next_attempt_in_ms,
      };
    }
    case "step_complete":
      return {
        ...end,
        ...placed(step, event, "complete"),
        withdrawn: step.withdrawn.filter((draft) => draft.owner !== owner),
        attempts: finished(step, owner, event.ts, "complete"),
        result: event.data.result ?? null,
        reusedFrom: event.data.reused?.run_id,
        problem: undefined,
      };
    case "step_error":
      return {
        ...end,
        ...withdrawn(step, owner),
        ...placed(step, event, "error"),
        attempts: finished(step, owner, event.ts, "error"),
        problem: event.data.problem,
      };
    default:
      return unknown(event);
  }
}

function unknown(_: never): undefined {
  return undefined;
}

/** The open places after `event`; the step as a whole is what the busiest of them is, `status` when none is left. */
function placed(step: StepView, event: StepEvent, status: StepStatus, now?: Place): Pick<StepView, "open" | "status"> {
  const others = step.open.filter((place) => keyOf(place) !== keyOf(event));
  const open = now ? [...others, now] : others;
  if (open.length) return { open, status: open.some((place) => place.started) ? "in_progress" : "retrying" };
  return { open, status };
}

function finished(step: StepView, owner: string, at: number, outcome: Attempt["outcome"]): readonly Attempt[] {
  return step.attempts.map((each) =>
    each.owner === owner && !each.outcome ? { ...each, endedAt: at, outcome } : each,
  );
}
