/** Views in forms that can be compared. */

import type { Draft, Place, RunView, StepView } from "../src/core/view.ts";
import type { RunBody, StepBody } from "../src/core/wire.ts";

/** A view with its texts as strings, and without what is undefined. */
export function plain(view: RunView): unknown {
  return JSON.parse(JSON.stringify(view)) as unknown;
}

/** What a snapshot cannot know is left out: the past of the steps, and what was only said in passing. */
export function lasting(view: RunView): unknown {
  const { message: _, rate: __, eta, ...run } = view;
  const steps = view.steps.map((step) => {
    const { attempts, drafts, withdrawn, progress, retryAt, working, ...kept } = step;
    const open = step.open.length > 0;
    return { ...kept, partials: open ? step.partials : {}, texts: open ? texts(drafts) : [] };
  });
  return JSON.parse(JSON.stringify({ ...run, etaMs: eta?.ms, steps }));
}

function texts(drafts: readonly Draft[]): unknown[] {
  return drafts.map(({ lane, round, text }) => ({ lane, round, text }));
}

/** The snapshot that the server would make of this view (events/snapshot.py). */
export function toSnapshot(view: RunView): RunBody {
  return {
    run_id: view.runId,
    pipeline: view.pipeline,
    status: view.status,
    progress: view.progress,
    tail_seq: view.lastSeq,
    cost_usd: view.costUsd ?? null,
    cost_complete: view.costComplete,
    input_tokens: view.inputTokens,
    output_tokens: view.outputTokens,
    models: [...view.models],
    cancel_requested: view.cancelRequested,
    ...(view.asked.length ? { asked: [...view.asked] } : {}),
    steps: view.steps.map(stepOf),
    ...given({
      eta_ms: view.eta?.ms,
      max_cost_usd: view.maxCostUsd,
      created_at: view.createdAt,
      started_at: view.startedAt,
      ended_at: view.endedAt,
      duration: view.durationMs,
      title: view.title,
      forked_from: view.forkedFrom,
      problem: view.problem,
      failed_step: view.failedStep,
      result: view.result,
    }),
  };
}

function stepOf(step: StepView): StepBody {
  return {
    step: step.id,
    label: step.label,
    after: [...step.after],
    status: step.status,
    attempt: step.attempt,
    input_tokens: step.inputTokens,
    output_tokens: step.outputTokens,
    open: step.open.map(placeOf),
    ...given({
      duration: step.durationMs,
      expected_ms: step.expectedMs,
      started_at: step.startedAt,
      cost_usd: step.costUsd,
      reused_from: step.reusedFrom,
      problem: step.problem,
      message: step.message,
      result: step.result,
    }),
    ...(step.open.length ? draftOf(step) : {}),
  };
}

function placeOf({ attempt, lane, round, started }: Place): StepBody["open"][number] {
  return { attempt, ...given({ lane, round, started_seq: started ? 1 : undefined }) };
}

function draftOf(step: StepView): Pick<StepBody, "text" | "lanes" | "drafts" | "partials" | "checkpoints"> {
  const lanes = step.drafts.flatMap(({ lane, text }) => (lane === undefined ? [] : [[lane, text.toString()]]));
  const drafts = step.drafts.map(({ lane, round, text }) => ({ ...given({ lane, round }), text: text.toString() }));
  return {
    text: step.drafts.map((draft) => draft.text.toString()).join(""),
    ...(lanes.length ? { lanes: Object.fromEntries(lanes) as Record<string, string> } : {}),
    ...(step.drafts.some(({ round }) => round !== undefined) ? { drafts } : {}),
    partials: Object.fromEntries(Object.entries(step.partials).map(([path, part]) => [path, part.value])),
    checkpoints: Object.keys(step.partials).filter((path) => step.partials[path]?.owner === undefined),
  };
}

/** Without what is undefined: on the wire it is left out. */
function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [K in keyof T]: Exclude<T[K], undefined> };
}

const LONGEST = 24;

/** As tests/snapshots.py cuts a snapshot short. */
export function short(value: unknown, name = ""): unknown {
  if (typeof value === "string") {
    const letters = [...value];
    const ends = `${letters.slice(0, 8).join("")}…${letters.slice(-8).join("")} ${letters.length}`;
    return letters.length <= LONGEST ? value : ends;
  }
  if (Array.isArray(value)) return value.map((item) => short(item));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !key.endsWith("_seq") || key === "tail_seq");
  if (name === "result") return kept.map(([key]) => key).sort();
  return Object.fromEntries(kept.map(([key, item]) => [key, short(item, key)]));
}
