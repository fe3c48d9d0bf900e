/** From a run's log to its view: one pure step per event, the same as events/fold.py and events/snapshot.py make it. */

import type { LogEvent, PlannedStep, UsageEvent, WorkingFrame } from "./contract.ts";
import { sum } from "./cost.ts";
import { heard } from "./rate.ts";
import { abandoned, foldStep, type StepEvent } from "./step.ts";
import { NOTHING_ASKED, pending, type RunView, type StepView } from "./view.ts";

type RunEvent = Exclude<LogEvent, StepEvent>;
type LastWord = Extract<LogEvent, { type: "complete" | "error" | "cancelled" }>;

/** `view` after one more event. Events come in order and once each; a type that is not known moves `lastSeq` alone. */
export function fold(view: RunView, event: LogEvent): RunView {
  const change = "step" in event ? ofStep(view, event) : ofRun(view, event);
  if (!change) return { ...view, lastSeq: event.seq };
  const progress = Math.max(view.progress, event.progress ?? 0);
  return { ...view, progress, message: event.message ?? view.message, lastSeq: event.seq, ...change };
}

export function foldAll(view: RunView, events: Iterable<LogEvent>): RunView {
  for (const event of events) view = fold(view, event);
  return view;
}

/** What a stream says of a step that writes nothing. It is not in the log, and gone with the step's next event. */
export function foldWorking(view: RunView, frame: WorkingFrame): RunView {
  const working = { elapsedMs: frame.elapsed_ms, etaMs: frame.eta_ms };
  const steps = view.steps.map((step) =>
    step.id === frame.step && step.status === "in_progress" ? { ...step, working } : step,
  );
  return { ...view, steps };
}

function ofRun(view: RunView, event: RunEvent): Partial<RunView> | undefined {
  switch (event.type) {
    case "run_queued": {
      const { pipeline, title, forked_from: forkedFrom, max_cost_usd: maxCostUsd } = event.data;
      return { pipeline, title, forkedFrom, maxCostUsd, createdAt: event.ts };
    }
    case "run_start": {
      const steps = planned(event.data.plan, view.steps);
      return { status: going(view), pipeline: event.data.pipeline, startedAt: event.ts, steps };
    }
    case "run_resumed":
      return { status: going(view) };
    case "input_required":
      return asking(view, [...view.asked, event.data]);
    case "input_received":
      return asking(
        view,
        view.asked.filter((each) => each.input_id !== event.data.input_id),
      );
    case "run_paused":
      return { status: "paused" };
    case "run_unpaused":
      return goesOn(view);
    case "cancel_requested":
      return { cancelRequested: true };
    case "complete":
      return { ...ended(view, event), result: event.data.result ?? null, progress: 100 };
    case "error":
      return { ...ended(view, event), problem: event.data.problem, failedStep: event.data.failed_step };
    case "cancelled":
      return ended(view, event);
    default:
      return unknown(event);
  }
}

/** Here the compiler sees that no type of the contract was forgotten; at run time there may be newer ones. */
function unknown(_: never): undefined {
  return undefined;
}

/** With these questions. A run that is paused stays so, whatever is asked or answered. */
function asking(view: RunView, asked: RunView["asked"]): Partial<RunView> {
  const status = asked.length ? "waiting" : view.status === "waiting" ? "running" : view.status;
  return { asked: asked.length ? asked : NOTHING_ASKED, status: view.status === "paused" ? "paused" : status };
}

function goesOn(view: RunView): Partial<RunView> {
  if (view.status !== "paused") return {};
  return { status: view.asked.length ? "waiting" : view.startedAt === undefined ? "queued" : "running" };
}

/** A worker took the run. One that somebody paused, or that waits for an answer, still does. */
function going(view: RunView): RunView["status"] {
  return view.status === "queued" ? "running" : view.status;
}

/** Common to all last words. A step that a lost worker left open is no longer going on either. */
function ended(view: RunView, event: LastWord): Partial<RunView> {
  const since = view.startedAt ?? view.createdAt ?? event.ts;
  return {
    status: event.type,
    endedAt: event.ts,
    // Wall clocks step back; a duration never does.
    durationMs: event.duration ?? Math.max(0, event.ts - since),
    eta: undefined,
    asked: NOTHING_ASKED,
    steps: view.steps.map((step) => abandoned(step, event.ts)),
  };
}

/** The steps in the order of the plan; what was reused from another run is complete before the plan is told. */
function planned(plan: readonly PlannedStep[], known: readonly StepView[]): StepView[] {
  const told = plan.map((item) => {
    const before = known.find((step) => step.id === item.step) ?? pending(item.step);
    return { ...before, label: item.label, after: item.after, expectedMs: item.expected_ms };
  });
  return [...told, ...known.filter((step) => !plan.some((item) => item.step === step.id))];
}

function ofStep(view: RunView, event: StepEvent): Partial<RunView> | undefined {
  const at = view.steps.findIndex((step) => step.id === event.step);
  const after = foldStep(view.steps[at] ?? pending(event.step), event);
  if (!after) return undefined;
  const steps = at < 0 ? [...view.steps, after] : view.steps.with(at, after);
  switch (event.type) {
    case "model_chunk":
      return { steps, rate: heard(view.rate, event.data.tokens, event.ts) };
    case "usage":
      return { steps, ...spent(view, event) };
    case "progress": {
      const { eta_ms: ms, basis } = event.data;
      return ms === undefined ? { steps } : { steps, eta: { ms, at: event.ts, basis } };
    }
    default:
      return { steps };
  }
}

function spent(view: RunView, event: UsageEvent): Partial<RunView> {
  const { model, cost_usd: cost, input_tokens, output_tokens } = event.data;
  return {
    costUsd: sum(view.costUsd, cost),
    costComplete: view.costComplete && cost !== undefined,
    inputTokens: view.inputTokens + input_tokens,
    outputTokens: view.outputTokens + output_tokens,
    models: view.models.includes(model) ? view.models : [...view.models, model],
  };
}
