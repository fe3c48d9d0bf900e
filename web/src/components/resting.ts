/** Whether anything is at work in a run that was paused, or waits for a person. */

import { useEffect, useMemo, useState } from "react";
import type { RunView, StepView } from "../core/view.ts";
import { type RunRef, useRun, useRunSource } from "../react/use-run.ts";
import { isActive } from "./step-words.ts";

/** A step that began ahead of another one has to wait for it like the run does, and nothing in the log says so. */
const SILENT_MS = 8000;

/** Nothing is at work until a person says something. `now` in the run's own time. */
export function isAtRest(view: RunView, now: number): boolean {
  if (!isHeld(view)) return false;
  const active = view.steps.filter(isActive);
  const heard = Math.max(view.rate?.at ?? 0, ...active.map((step) => step.retryAt ?? step.startedAt ?? 0));
  return !active.length || now - heard > SILENT_MS;
}

/** The steps as they are to be shown: where a run rests, nothing turns and no clock ticks. */
export function useShownSteps(run: RunRef, steps: readonly StepView[]): readonly StepView[] {
  const atRest = useAtRest(run);
  return useMemo(
    () => (atRest ? steps.map((step) => (isActive(step) ? { ...step, status: "pending" } : step)) : steps),
    [atRest, steps],
  );
}

function isHeld({ status }: RunView): boolean {
  return status === "paused" || status === "waiting";
}

function useAtRest(run: RunRef): boolean {
  const source = useRunSource(run);
  const view = useRun(run, (state) => state.view);
  const [atRest, set] = useState(() => isAtRest(view, source.now()));
  useEffect(() => {
    const look = (): void => set(isAtRest(view, source.now()));
    look();
    if (!isHeld(view)) return;
    const timer = setInterval(look, 1000);
    return () => clearInterval(timer);
  }, [source, view]);
  return atRest;
}
