/** Which step's text is shown: the one that somebody chose, else the one where most is still to come. */

import { useState } from "react";
import type { StepView } from "../core/view.ts";
import { isActive, isStopped } from "./step-words.ts";

export interface Followed {
  readonly step: StepView | undefined;
  /** Whether somebody chose it. */
  readonly pinned: boolean;
  /** Show this step, whatever happens; undefined follows the run again. */
  pin(step: string | undefined): void;
}

export function useFollowed(steps: readonly StepView[]): Followed {
  const [pinned, pin] = useState<string>();
  const [last, setLast] = useState<string>();
  const followed = follow(steps, last);
  if (followed !== last) setLast(followed);
  const shown = steps.find((step) => step.id === (pinned ?? followed));
  return { step: shown, pinned: pinned !== undefined && shown !== undefined, pin };
}

/** The step to look at, after `last`: it stays while it is at work, so that nobody loses the line that they read. */
export function follow(steps: readonly StepView[], last: string | undefined): string | undefined {
  const before = steps.find((step) => step.id === last);
  if (before && isActive(before)) return last;
  const active = steps.filter(isActive);
  const longest = active.toSorted((one, other) => expected(other) - expected(one))[0];
  const failed = steps.find((step) => step.status === "error" && !isStopped(step));
  return longest?.id ?? failed?.id ?? last ?? steps[0]?.id;
}

function expected(step: StepView): number {
  return step.expectedMs?.p50 ?? 0;
}
