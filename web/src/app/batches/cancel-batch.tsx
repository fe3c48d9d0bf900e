/** Cancelling a batch asks first: what its runs are writing is lost. */

import { type ReactNode, useId } from "react";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { useCancelRun } from "../../react/use-cancel-run.ts";
import { useAppText } from "../text/languages.tsx";
import type { Batch } from "./batch.ts";
import css from "./cancel-batch.module.css";

export interface CancelBatchProps {
  batch: Batch;
  open: boolean;
  onClose: () => void;
}

export function CancelBatch({ batch, open, onClose }: CancelBatchProps): ReactNode {
  const { page: words } = useAppText().batches;
  const id = useId();
  const { cancel, cancelling, problem } = useCancelRun(batch.batchId);
  return (
    <Dialog open={open} onDismiss={onClose} role="alertdialog" aria-labelledby={id} aria-describedby={`${id}-why`}>
      <h2 id={id} className={css["title"]}>
        {words.confirm}
      </h2>
      <p id={`${id}-why`} className={css["why"]}>
        {words.confirmDetail(batch.counts?.running ?? 0)}
      </p>
      {problem ? (
        <p className={css["problem"]} role="alert">
          {problem.title}. {problem.detail}
        </p>
      ) : null}
      <div className={css["actions"]}>
        {/* Whoever presses Enter twice has not said that they mean it. */}
        <Button data-focus onClick={onClose}>
          {words.keep}
        </Button>
        <Button look="danger" disabled={cancelling} onClick={() => void cancel()}>
          {cancelling ? words.cancelling : words.cancel}
        </Button>
      </div>
    </Dialog>
  );
}
