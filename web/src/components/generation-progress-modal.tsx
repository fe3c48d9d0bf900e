/** A run before one's eyes, from the click to its end. Closing it never ends the run. */

import { type ReactNode, useEffect, useId, useState } from "react";
import type { PlannedStep, Problem } from "../core/contract.ts";
import { hasEnded, type RunView, type StepView } from "../core/view.ts";
import { type RunRef, useRun } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { Announcer } from "./announcer.tsx";
import { Dialog } from "./dialog.tsx";
import css from "./generation-progress-modal.module.css";
import { idleSource, plannedSteps } from "./idle-source.ts";
import { ModalBody } from "./modal-body.tsx";
import { ModalFooter } from "./modal-footer.tsx";
import { ModalHeader } from "./modal-header.tsx";
import { isReplay, ReplayBar } from "./replay-bar.tsx";
import { useShownSteps } from "./resting.ts";
import { Broken, idOf, RunBoundary } from "./run-boundary.tsx";
import { isActive } from "./step-words.ts";
import { useAbandonment } from "./use-abandonment.ts";
import { useCallBack } from "./use-ending.ts";

export interface GenerationProgressModalProps {
  open: boolean;
  /** What is made, and for whom. */
  title: string;
  /** A run by its id, or a store; undefined until the server has answered that it has begun. */
  run?: RunRef | undefined;
  /** The steps to show until the run tells its own. */
  plan?: readonly PlannedStep[] | undefined;
  /** Why the run could not be started. */
  problem?: Problem | undefined;
  /** The modal is to be closed. A run that is going goes on in the background. */
  onClose: () => void;
  /** Start it once more. */
  onRetry?: (() => void) | undefined;
  /** A run that goes on from this one, which failed, has begun: show it. Without this it can only be started once more. */
  onRetried?: ((runId: string) => void) | undefined;
  /** Go to the result: asked for with a button, or by itself after the run is complete. */
  onOpenResult?: ((runId: string) => void) | undefined;
}

export function GenerationProgressModal(props: GenerationProgressModalProps): ReactNode {
  const id = useId();
  const number = useNumber(props.run);
  return (
    <Dialog open={props.open} onDismiss={props.onClose} className={css["modal"]} aria-labelledby={id}>
      <RunBoundary runId={idOf(props.run)} instead={<Failed {...props} titleId={id} />}>
        {/* Another run is another modal: nothing of what was chosen for the last one holds. */}
        <Inside key={number} {...props} titleId={id} />
      </RunBoundary>
    </Dialog>
  );
}

function Inside({ titleId, ...props }: GenerationProgressModalProps & { titleId: string }): ReactNode {
  const [idle] = useState(idleSource);
  const run = props.run ?? idle;
  const { view, connection } = useRun(run);
  const replayed = isReplay(run);
  const going = Boolean(view.runId) && !hasEnded(view) && !replayed;
  useCallBack(run, props.title);
  useAbandonment(view.runId, going);
  const steps = useShownSteps(run, view.steps.length ? view.steps : plannedSteps(props.plan ?? []));
  return (
    <>
      <ModalHeader
        titleId={titleId}
        title={props.title}
        view={view}
        lead={useLead(view, steps, props)}
        onClose={props.onClose}
      />
      <ModalBody run={run} view={view} steps={steps} connection={connection} problem={props.problem} />
      {replayed ? <ReplayBar replay={run} /> : null}
      <ModalFooter {...props} run={run} view={view} going={going} replayed={replayed} />
      <Announcer view={view} />
    </>
  );
}

/** In place of a run that cannot be shown. Nothing of what it holds is looked at again. */
function Failed({ titleId, title, run, onClose }: GenerationProgressModalProps & { titleId: string }): ReactNode {
  const [idle] = useState(idleSource);
  // What had the focus is gone.
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) document.getElementById(titleId)?.focus();
  }, [titleId]);
  return (
    <>
      <ModalHeader titleId={titleId} title={title} view={idle.getSnapshot().view} lead="" onClose={onClose} />
      <div className={css["failed"]}>
        <Broken runId={idOf(run)} whole />
      </div>
    </>
  );
}

/** One line on how it is going. */
function useLead(view: RunView, steps: readonly StepView[], { run, problem }: GenerationProgressModalProps): string {
  const { modal } = useText();
  if (problem) return problem.title;
  // It has begun when its first event is here, not when somebody says so.
  if (run === undefined || !view.lastSeq) return modal.opening;
  if (view.cancelRequested && !hasEnded(view)) return modal.cancelling;
  if (view.status === "paused" && steps.some(isActive)) return modal.pausing;
  return modal[view.status];
}

/** Counts the runs that were shown. A run that gets its id is still the same one. */
function useNumber(run: RunRef | undefined): number {
  const [last, setLast] = useState({ run, number: 0 });
  if (last.run !== run) setLast({ run, number: last.number + (last.run === undefined ? 0 : 1) });
  return last.number;
}
