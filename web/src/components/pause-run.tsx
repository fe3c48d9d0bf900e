/** One button for both: a run that goes on can be paused, and one that is paused can go on. */

import { type ReactNode, useId } from "react";
import type { RunView } from "../core/view.ts";
import { usePauseRun } from "../react/use-pause-run.ts";
import { useText } from "../text/context.tsx";
import { Button } from "./button.tsx";
import css from "./pause-run.module.css";

export function PauseRun({ view }: { view: RunView }): ReactNode {
  const { modal } = useText();
  const id = useId();
  const { pause, unpause, pending, problem } = usePauseRun(view.runId);
  const paused = view.status === "paused";
  return (
    <>
      {problem ? (
        <p id={id} className={css["problem"]} role="alert">
          {problem.title}
        </p>
      ) : null}
      {/* Not disabled meanwhile: the focus would be lost. Asked twice at once, it is done once. */}
      <Button
        look="quiet"
        aria-busy={pending}
        aria-describedby={problem ? id : undefined}
        onClick={() => void (paused ? unpause() : pause())}
      >
        {paused ? modal.goOnPaused : modal.pause}
      </Button>
    </>
  );
}
