/** What went wrong, in words, with everything that the server said about it. */

import type { ReactNode } from "react";
import type { Problem } from "../core/contract.ts";
import css from "./problem-panel.module.css";

export interface ProblemPanelProps {
  problem: Problem;
  /** Where it happened, or what is kept nevertheless. */
  note?: string | undefined;
  /** It was wanted so: nothing to be alarmed by. */
  calm?: boolean;
  children?: ReactNode;
}

const SHOWN = 8;

export function ProblemPanel({ problem, note, calm = false, children }: ProblemPanelProps): ReactNode {
  const errors = problem.errors ?? [];
  return (
    <div className={css["panel"]} data-calm={calm || undefined} role={calm ? "status" : "alert"}>
      <p className={css["title"]}>{problem.title}</p>
      {problem.detail && problem.detail !== problem.title ? <p>{problem.detail}</p> : null}
      {errors.length ? (
        <ul>
          {errors.slice(0, SHOWN).map((error) => (
            <li key={error.pointer + error.detail}>{error.detail}</li>
          ))}
          {errors.length > SHOWN ? <li>… {errors.length - SHOWN}</li> : null}
        </ul>
      ) : null}
      {note ? <p className={css["note"]}>{note}</p> : null}
      {children ? <div className={css["actions"]}>{children}</div> : null}
    </div>
  );
}
