/** The state of a step at a glance: a ring that turns, a mark that is drawn. */

import type { ReactNode } from "react";
import type { StepStatus, StepView } from "../core/view.ts";
import { Icon, type IconName } from "./icon.tsx";
import css from "./step-icon.module.css";
import { isStopped } from "./step-words.ts";

const ICONS: Readonly<Partial<Record<StepStatus, IconName>>> = {
  complete: "check",
  error: "cross",
  skipped: "skip",
  retrying: "again",
};

export function StepIcon({ step }: { step: StepView }): ReactNode {
  const status = isStopped(step) ? "skipped" : step.status;
  const icon = ICONS[status];
  return (
    <span className={css["icon"]} data-status={status} aria-hidden="true">
      {icon ? <Icon name={icon} size={14} /> : null}
    </span>
  );
}
