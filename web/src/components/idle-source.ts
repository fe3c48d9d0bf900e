/** A run that has not begun: what is shown between the click and the server's answer. */

import { CONNECTING } from "../core/connection.ts";
import type { PlannedStep } from "../core/contract.ts";
import type { RunSource, RunState } from "../core/store.ts";
import { opening, pending, type StepView } from "../core/view.ts";

export function idleSource(): RunSource {
  const state: RunState = { view: opening(""), connection: CONNECTING };
  return { runId: "", now: Date.now, getSnapshot: () => state, subscribe: () => () => undefined };
}

export function plannedSteps(plan: readonly PlannedStep[]): readonly StepView[] {
  return plan.map((step) => ({ ...pending(step.step, step.label), after: step.after, expectedMs: step.expected_ms }));
}
