/** Cancelling asks first: what is being written is lost with it. */

import { type ReactNode, useEffect, useId, useRef } from "react";
import { useCancelRun } from "../react/use-cancel-run.ts";
import { useText } from "../text/context.tsx";
import { Button } from "./button.tsx";
import css from "./cancel-run.module.css";

export interface CancelRunProps {
  runId: string;
  /** It is not to be cancelled after all. */
  onKeep: () => void;
}

export function CancelRun({ runId, onKeep }: CancelRunProps): ReactNode {
  const text = useText();
  const id = useId();
  const { cancel, cancelling, problem } = useCancelRun(runId);
  const keep = useRef<HTMLButtonElement>(null);
  // Whoever presses Enter twice has not said that they mean it.
  useEffect(() => keep.current?.focus(), []);
  return (
    <div className={css["confirm"]} role="alertdialog" aria-describedby={id} aria-label={text.modal.cancelRun}>
      <p id={id}>{problem ? `${problem.title}. ${problem.detail}` : text.modal.confirm}</p>
      <Button ref={keep} onClick={onKeep}>
        {text.modal.keep}
      </Button>
      <Button look="danger" disabled={cancelling} onClick={() => void cancel()}>
        {cancelling ? text.modal.cancelling : text.modal.cancelRun}
      </Button>
    </div>
  );
}
