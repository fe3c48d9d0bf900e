/** A run in one line, for a page that is about something else: how it is doing, and the way to see more. */

import type { ReactNode } from "react";
import { hasEnded } from "../core/view.ts";
import { type RunRef, useRun } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { Button } from "./button.tsx";
import { OverallProgress } from "./overall-progress.tsx";
import { useShownSteps } from "./resting.ts";
import { idOf, RunBoundary } from "./run-boundary.tsx";
import css from "./run-status-bar.module.css";
import { StatusBadge } from "./status-badge.tsx";
import { isActive } from "./step-words.ts";

export interface RunStatusBarProps {
  run: RunRef;
  /** Show the whole of it. */
  onShow?: () => void;
}

export function RunStatusBar(props: RunStatusBarProps): ReactNode {
  return (
    <RunBoundary runId={idOf(props.run)}>
      <Bar {...props} />
    </RunBoundary>
  );
}

function Bar({ run, onShow }: RunStatusBarProps): ReactNode {
  const { more } = useText();
  const view = useRun(run, (state) => state.view);
  const active = useShownSteps(run, view.steps)
    .filter(isActive)
    .map((step) => step.label);
  return (
    <div className={css["bar"]}>
      <StatusBadge status={view.status} />
      <span className={css["steps"]}>{active.join(", ")}</span>
      {onShow && !hasEnded(view) ? (
        <Button size="small" onClick={onShow}>
          {more}
        </Button>
      ) : null}
      <div className={css["progress"]}>
        <OverallProgress run={run} />
      </div>
    </div>
  );
}
