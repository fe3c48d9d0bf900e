/** What is said of a step below its name. */

import type { StepView } from "../core/view.ts";
import type { Text } from "../text/en.ts";
import { duration, estimate } from "../text/format.ts";

/** `now` in the run's own time, Unix ms. */
export function sayStep(text: Text, step: StepView, now: number, waitsFor: readonly string[]): string | undefined {
  switch (step.status) {
    case "pending":
      return waitsFor.length ? text.step.waitsFor(waitsFor) : expected(text, step);
    case "in_progress":
      return sayRunning(text, step, now);
    case "retrying": {
      const left = (step.retryAt ?? now) - now;
      const when = left > 0 ? text.step.againIn(estimate(text, left)) : text.step.again;
      return `${step.problem?.title ?? text.stepStatus.retrying}, ${when}`;
    }
    case "error":
      return isStopped(step) ? text.step.stopped : (step.problem?.title ?? text.stepStatus.error);
    case "skipped":
      return text.stepStatus.skipped;
    case "complete":
      return step.reusedFrom === undefined ? undefined : text.step.reused;
    default:
      return undefined;
  }
}

function sayRunning(text: Text, step: StepView, now: number): string {
  const since = step.working ? step.working.elapsedMs : 0;
  const elapsed = Math.max(since, now - (step.startedAt ?? now));
  const time = duration(text, elapsed, true);
  if (!step.expectedMs) return time;
  if (elapsed > step.expectedMs.p90) return text.step.late(time);
  return text.step.of(time, estimate(text, step.expectedMs.p50));
}

function expected(text: Text, step: StepView): string | undefined {
  return step.expectedMs ? text.step.about(estimate(text, step.expectedMs.p50)) : undefined;
}

export function isActive(step: StepView): boolean {
  return step.status === "in_progress" || step.status === "retrying";
}

/** It ended because something else did: nothing is wrong with the step itself. */
export function isStopped(step: StepView): boolean {
  return step.status === "error" && step.problem?.type === "/problems/cancelled";
}
