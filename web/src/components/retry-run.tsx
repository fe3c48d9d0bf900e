/** The ways on from a run that did not end well: from where it failed, without what was finished; or all of it anew. */

import type { ReactNode } from "react";
import { hasEnded, type RunView, type StepView } from "../core/view.ts";
import { useOptionalClient } from "../react/context.tsx";
import { useRetryRun } from "../react/use-retry-run.ts";
import { useText } from "../text/context.tsx";
import { Button } from "./button.tsx";
import css from "./retry-run.module.css";

export interface RetryRunProps {
  view: RunView;
  /** A run that goes on from this one has begun. */
  onRetried?: ((runId: string) => void) | undefined;
  /** All of it anew. */
  onStartOver?: (() => void) | undefined;
}

export function RetryRun({ view, onRetried, onStartOver }: RetryRunProps): ReactNode {
  const text = useText();
  const client = useOptionalClient();
  // Where nothing was finished, to go on is to start over.
  const more = Boolean(client && onRetried && finished(view).length);
  return (
    <>
      {onStartOver ? (
        <Button look={more ? "plain" : "primary"} icon="again" onClick={onStartOver}>
          {more ? text.modal.startOver : text.retry}
        </Button>
      ) : null}
      {onRetried && client && (more || !onStartOver) ? <FromStep view={view} onRetried={onRetried} /> : null}
    </>
  );
}

function FromStep({ view, onRetried }: { view: RunView; onRetried: (runId: string) => void }): ReactNode {
  const { modal } = useText();
  const { retry, retrying, problem } = useRetryRun(view.runId);
  const step = stepToRetry(view);
  const again = async (): Promise<void> => {
    const runId = await retry();
    if (runId !== undefined) onRetried(runId);
  };
  return (
    <>
      {problem ? (
        <p className={css["refused"]} role="alert">
          {problem.title}. {problem.detail}
        </p>
      ) : null}
      <Button look="primary" icon="again" disabled={retrying} onClick={() => void again()}>
        {step ? modal.retryFrom(step.label) : modal.goOn}
      </Button>
    </>
  );
}

/** What a retry takes over. */
export function finished(view: RunView): readonly StepView[] {
  return view.steps.filter((step) => step.status === "complete");
}

function stepToRetry(view: RunView): StepView | undefined {
  return view.steps.find(({ id }) => id === view.failedStep) ?? view.steps.find(({ status }) => status !== "complete");
}

/** The sentence that says what is kept of a run that has ended. */
export function useKept(view: RunView): string {
  const { modal } = useText();
  const labels = finished(view).map(({ label }) => label);
  return hasEnded(view) && labels.length ? modal.takesOver(labels) : modal.nothingKept;
}
