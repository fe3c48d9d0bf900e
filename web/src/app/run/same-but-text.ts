/** When two views of a run look alike on its page, which shows what is made, and not the text as it is written. */

import type { RunView, StepView } from "../../core/view.ts";
import { shallowEqual } from "../../react/use-store.ts";

/** Text comes many times a second, and is the modal's: the page behind it is not drawn again for every word. */
export function sameButText(one: RunView, other: RunView): boolean {
  if (one === other) return true;
  const steps =
    one.steps.length === other.steps.length && one.steps.every((step, at) => sameStep(step, other.steps[at]));
  return steps && shallowEqual(withoutText(one), withoutText(other));
}

function sameStep(one: StepView, other: StepView | undefined): boolean {
  if (one === other) return true;
  return other !== undefined && shallowEqual(still(one), still(other));
}

function still(step: StepView): Record<string, unknown> {
  return { ...step, drafts: undefined, working: undefined };
}

function withoutText(view: RunView): Record<string, unknown> {
  return { ...view, steps: undefined, rate: undefined, lastSeq: undefined };
}
