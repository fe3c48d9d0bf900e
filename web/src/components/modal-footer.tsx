/** The foot of the modal: what the run takes, and what one may do about it. */

import { type ReactNode, useState } from "react";
import type { Problem } from "../core/contract.ts";
import { hasEnded, type RunView } from "../core/view.ts";
import { useOptionalClient } from "../react/context.tsx";
import type { RunRef } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { Button } from "./button.tsx";
import { CancelRun } from "./cancel-run.tsx";
import css from "./modal-footer.module.css";
import { ModalOptions } from "./modal-options.tsx";
import { PauseRun } from "./pause-run.tsx";
import { usePreferences } from "./preferences.ts";
import { RetryRun } from "./retry-run.tsx";
import { RunFacts } from "./run-facts.tsx";
import { useCountdown } from "./use-ending.ts";

export interface ModalFooterProps {
  run: RunRef;
  view: RunView;
  /** Whether a live run is going on. */
  going: boolean;
  replayed: boolean;
  /** Why the run could not be started. */
  problem?: Problem | undefined;
  onClose: () => void;
  onRetry?: (() => void) | undefined;
  onRetried?: ((runId: string) => void) | undefined;
  onOpenResult?: ((runId: string) => void) | undefined;
}

export function ModalFooter(props: ModalFooterProps): ReactNode {
  const { run, view, going, replayed } = props;
  const { modal } = useText();
  const client = useOptionalClient();
  const [confirming, confirm] = useState(false);
  const cancellable = going && client && !view.cancelRequested;
  return (
    <footer className={css["footer"]}>
      <RunFacts run={run} />
      {confirming && cancellable ? (
        <CancelRun runId={view.runId} onKeep={() => confirm(false)} />
      ) : (
        <div className={css["actions"]}>
          {replayed ? null : <ModalOptions />}
          {cancellable ? (
            <>
              <PauseRun view={view} />
              <Button look="quiet" onClick={() => confirm(true)}>
                {modal.cancelRun}
              </Button>
            </>
          ) : null}
          <Ways {...props} />
        </div>
      )}
    </footer>
  );
}

/** Where to go from here. */
function Ways(props: ModalFooterProps): ReactNode {
  const { run, view, going, replayed, problem, onClose, onRetry, onRetried, onOpenResult } = props;
  const text = useText();
  const [{ autoOpen }] = usePreferences();
  const open = onOpenResult && !replayed ? () => onOpenResult(view.runId) : undefined;
  const countdown = useCountdown(run, autoOpen && !replayed, open);
  if (going) return <Button onClick={onClose}>{text.modal.background}</Button>;
  const failed = hasEnded(view) ? view.status !== "complete" : problem !== undefined;
  return (
    <>
      {countdown.left === undefined ? (
        <Button onClick={onClose}>{text.close}</Button>
      ) : (
        <Button onClick={countdown.stop}>{text.modal.stay}</Button>
      )}
      {failed && !replayed ? (
        <RetryRun view={view} onRetried={view.runId ? onRetried : undefined} onStartOver={onRetry} />
      ) : null}
      {view.status === "complete" && open ? (
        <Button look="primary" onClick={open}>
          {countdown.left === undefined ? text.modal.open : text.modal.openingIn(countdown.left)}
        </Button>
      ) : null}
    </>
  );
}
