/** One step of a run: how it is doing, for how long, and how long that usually takes. */

import { memo, type ReactNode } from "react";
import type { StepView } from "../core/view.ts";
import { type RunRef, useNow } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { duration } from "../text/format.ts";
import { Badge } from "./badge.tsx";
import { idOf, RunBoundary } from "./run-boundary.tsx";
import { StepIcon } from "./step-icon.tsx";
import css from "./step-row.module.css";
import { isActive, isStopped, sayStep } from "./step-words.ts";

export interface StepRowProps {
  run: RunRef;
  step: StepView;
  /** The labels of the steps that it still waits for. */
  waitsFor?: readonly string[];
  /** Whether it is this step's text that is shown. */
  current?: boolean;
  onShow?: (step: string) => void;
}

export const StepRow = memo(function StepRow({
  run,
  step,
  waitsFor = [],
  current = false,
  onShow,
}: StepRowProps): ReactNode {
  const text = useText();
  const content = (
    <>
      <StepIcon step={step} />
      <span className={css["words"]}>
        <span className={css["label"]}>
          {step.label}
          {step.attempt > 1 ? <Badge tone="warn">{text.step.attempt(step.attempt)}</Badge> : null}
        </span>
        <Detail run={run} step={step} waitsFor={waitsFor} />
      </span>
      <Spent step={step} />
      {step.status === "in_progress" ? <Fill run={run} step={step} /> : null}
    </>
  );
  return (
    <li className={css["row"]} data-status={isStopped(step) ? "stopped" : step.status}>
      <RunBoundary runId={idOf(run)}>
        {onShow ? (
          <button
            type="button"
            className={css["button"]}
            aria-pressed={current}
            title={text.step.show(step.label)}
            onClick={() => onShow(step.id)}
          >
            {content}
          </button>
        ) : (
          <div className={css["button"]}>{content}</div>
        )}
      </RunBoundary>
    </li>
  );
});

interface Timed {
  run: RunRef;
  step: StepView;
}

function Detail({ run, step, waitsFor }: Timed & { waitsFor: readonly string[] }): ReactNode {
  const text = useText();
  // A clock ticks only where time passes.
  if (isActive(step)) return <LiveDetail run={run} step={step} />;
  const words = sayStep(text, step, 0, waitsFor);
  return words ? <span className={css["detail"]}>{words}</span> : null;
}

function LiveDetail({ run, step }: Timed): ReactNode {
  const text = useText();
  const now = useNow(run, 250);
  return <span className={css["detail"]}>{sayStep(text, step, now, [])}</span>;
}

function Spent({ step }: { step: StepView }): ReactNode {
  const text = useText();
  const done = step.status === "complete" || step.status === "error";
  if (!done || step.durationMs === undefined) return null;
  return <span className={css["spent"]}>{duration(text, step.durationMs)}</span>;
}

/** How far the step has come, as it says itself or as its history says. */
function Fill({ run, step }: Timed): ReactNode {
  const now = useNow(run, 250);
  const expected = step.expectedMs?.p50;
  const byTime = expected && step.startedAt !== undefined ? ((now - step.startedAt) / expected) * 100 : 0;
  const percent = Math.min(97, step.progress ?? byTime);
  return (
    <span className={css["track"]} aria-hidden="true">
      <span className={css["fill"]} style={{ scale: `${Math.max(0, percent) / 100} 1` }} />
    </span>
  );
}
