/** All steps of a run, in the order of its plan. */

import type { ReactNode } from "react";
import type { StepView } from "../core/view.ts";
import type { RunRef } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { idOf, RunBoundary } from "./run-boundary.tsx";
import css from "./step-list.module.css";
import { StepRow } from "./step-row.tsx";

export interface StepListProps {
  run: RunRef;
  steps: readonly StepView[];
  current?: string | undefined;
  onShow?: (step: string) => void;
}

const NOTHING: readonly string[] = [];

export function StepList(props: StepListProps): ReactNode {
  return (
    <RunBoundary runId={idOf(props.run)}>
      <Steps {...props} />
    </RunBoundary>
  );
}

function Steps({ run, steps, current, onShow }: StepListProps): ReactNode {
  const { step: words } = useText();
  return (
    <ol className={css["list"]} aria-label={words.list}>
      {steps.map((step) => (
        <StepRow
          key={step.id}
          run={run}
          step={step}
          waitsFor={step.status === "pending" ? waitsFor(step, steps) : NOTHING}
          current={step.id === current}
          {...(onShow ? { onShow } : {})}
        />
      ))}
    </ol>
  );
}

function waitsFor(step: StepView, steps: readonly StepView[]): readonly string[] {
  const open = steps.filter((other) => step.after.includes(other.id) && other.status !== "complete");
  return open.length ? open.map((other) => other.label) : NOTHING;
}
