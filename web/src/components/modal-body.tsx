/** The middle of the modal: the steps on one side, on the other what is being written, or how it ended. */

import type { ReactNode } from "react";
import type { Connection } from "../core/connection.ts";
import type { Problem } from "../core/contract.ts";
import { hasEnded, type RunView, type StepView } from "../core/view.ts";
import { type RunRef, useRunSource } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { BudgetNotice } from "./budget-notice.tsx";
import { Button } from "./button.tsx";
import { Completed } from "./completed.tsx";
import { ConnectionNotice } from "./connection-notice.tsx";
import { LivePane } from "./live-pane.tsx";
import css from "./modal-body.module.css";
import notice from "./notice.module.css";
import { OverallProgress } from "./overall-progress.tsx";
import { ProblemPanel } from "./problem-panel.tsx";
import { Questions } from "./questions.tsx";
import { useKept } from "./retry-run.tsx";
import { Broken, idOf, RunBoundary } from "./run-boundary.tsx";
import { StepIcon } from "./step-icon.tsx";
import { StepList } from "./step-list.tsx";
import { type Followed, useFollowed } from "./use-followed.ts";

export interface ModalBodyProps {
  run: RunRef;
  view: RunView;
  steps: readonly StepView[];
  connection: Connection;
  problem: Problem | undefined;
}

export function ModalBody({ run, view, steps, connection, problem }: ModalBodyProps): ReactNode {
  const { step: words } = useText();
  const followed = useFollowed(steps);
  const asks = view.asked.length > 0 && !followed.pinned;
  const writing = followed.pinned || !(hasEnded(view) || asks);
  const source = useRunSource(run);
  const part = [view.status, followed.step?.id, followed.pinned].join(" ");
  const reconnect = "reconnect" in source ? (source.reconnect as () => void) : undefined;
  return (
    <>
      <div className={css["overall"]}>
        <OverallProgress run={run} />
        <ConnectionNotice connection={connection} onReconnect={reconnect} />
        <BudgetNotice view={view} />
        {followed.pinned ? <Asked view={view} onShow={() => followed.pin(undefined)} /> : null}
      </div>
      <div className={css["body"]}>
        <nav className={css["steps"]} aria-label={words.list}>
          <StepList run={run} steps={steps} current={writing ? followed.step?.id : undefined} onShow={followed.pin} />
        </nav>
        <div className={css["pane"]} data-asks={asks || undefined}>
          <RunBoundary runId={idOf(run)} part={part} instead={<Unshown run={run} />}>
            <Pane run={run} view={view} steps={steps} problem={problem} followed={followed} />
          </RunBoundary>
        </div>
      </div>
    </>
  );
}

function Unshown({ run }: { run: RunRef }): ReactNode {
  return (
    <div className={css["ending"]}>
      <Broken runId={idOf(run)} />
    </div>
  );
}

function Shown({ followed }: { followed: Followed }): ReactNode {
  const { live } = useText();
  const { step, pinned, pin } = followed;
  if (!step) return null;
  return (
    <>
      <div className={css["shown"]} data-pinned={pinned || undefined}>
        <StepIcon step={step} />
        <h3>{step.label}</h3>
        {pinned ? (
          <Button look="quiet" size="small" onClick={() => pin(undefined)}>
            {live.follow}
          </Button>
        ) : null}
      </div>
      <LivePane step={step} />
    </>
  );
}

/** For who looks at something else: the run asks, and the way to the question. */
function Asked({ view, onShow }: { view: RunView; onShow: () => void }): ReactNode {
  const { modal, question } = useText();
  if (!view.asked.length) return null;
  return (
    <div className={notice["notice"]}>
      <p>{modal.waiting}</p>
      <Button size="small" onClick={onShow}>
        {question.open}
      </Button>
    </div>
  );
}

type Ended = Pick<ModalBodyProps, "view" | "steps" | "problem">;

/** What somebody chose to see, else how it ended, else what it asks, else what is being written. */
function Pane({ run, followed, ...ended }: Ended & { run: RunRef; followed: Followed }): ReactNode {
  const { view, problem } = ended;
  if (followed.pinned) return <Shown followed={followed} />;
  if (view.status === "complete") return <Completed view={view} />;
  if (problem || hasEnded(view)) return <Ending {...ended} />;
  if (view.asked.length) return <Questions run={run} view={view} takesFocus />;
  return <Shown followed={followed} />;
}

/** A run that did not end well, or did not begin. */
function Ending({ view, steps, problem }: Ended): ReactNode {
  const { modal } = useText();
  const unnamed = { type: "about:blank", title: modal.error, detail: "" };
  const cancelled = { ...unnamed, title: modal.cancelled, detail: modal.cancelledDetail };
  const failed = steps.find((step) => step.id === view.failedStep);
  const kept = useKept(view);
  const where = failed ? `${modal.failedStep(failed.label)} ${kept}` : kept;
  return (
    <div className={css["ending"]}>
      {view.status === "cancelled" ? (
        <ProblemPanel problem={cancelled} note={kept} calm />
      ) : (
        <ProblemPanel problem={problem ?? view.problem ?? unnamed} note={problem ? undefined : where} />
      )}
    </div>
  );
}
