/** How far the whole run is, and how long it will still take. */

import { type ReactNode, useId } from "react";
import { hasEnded, type RunView } from "../core/view.ts";
import { type RunRef, useNow, useRun } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import type { Text } from "../text/en.ts";
import { estimate } from "../text/format.ts";
import css from "./overall-progress.module.css";
import { isAtRest } from "./resting.ts";
import { idOf, RunBoundary } from "./run-boundary.tsx";

export function OverallProgress({ run }: { run: RunRef }): ReactNode {
  return (
    <RunBoundary runId={idOf(run)}>
      <Progress run={run} />
    </RunBoundary>
  );
}

function Progress({ run }: { run: RunRef }): ReactNode {
  const text = useText();
  const id = useId();
  const view = useRun(run, (state) => state.view);
  const now = useNow(run, 1000);
  const percent = Math.floor(view.progress);
  const left = sayLeft(text, view, now);
  return (
    <div className={css["progress"]} data-status={view.status}>
      <div
        className={css["track"]}
        role="progressbar"
        aria-label={text.modal.progress}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-describedby={id}
      >
        {/* The fold never lets it go back; the picture follows smoothly. */}
        <div className={css["fill"]} style={{ scale: `${view.progress / 100} 1` }} />
      </div>
      <div className={css["words"]}>
        <span className={css["percent"]}>{text.percent(percent)}</span>
        <span id={id}>{left}</span>
      </div>
    </div>
  );
}

function sayLeft(text: Text, view: RunView, now: number): string {
  // Nobody knows how long it rests. What is at work beside a question goes on.
  if (hasEnded(view) || view.status === "paused" || !view.eta || isAtRest(view, now)) return "";
  const left = view.eta.ms - (now - view.eta.at);
  return left < 1500 ? text.modal.almost : text.modal.eta(estimate(text, left));
}
