/** A word or two with a colour. The colour is never all that says it. */

import type { ReactNode } from "react";
import css from "./badge.module.css";
import { cx } from "./cx.ts";

export type Tone = "good" | "warn" | "bad" | "neutral" | "accent";

export interface BadgeProps {
  tone: Tone;
  title?: string | undefined;
  children: ReactNode;
}

export function Badge({ tone, title, children }: BadgeProps): ReactNode {
  return (
    <span className={cx(css["badge"], css[tone])} title={title}>
      {children}
    </span>
  );
}
