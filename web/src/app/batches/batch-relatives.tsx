/** The way from a batch to the one whose rest it does, and to those that do its own. */

import type { ReactNode } from "react";
import css from "../run/relatives.module.css";
import { Way } from "../run/relatives.tsx";
import { useAppText } from "../text/languages.tsx";

export interface BatchRelativesProps {
  forkedFrom: string | undefined;
  forks: readonly string[];
}

export function BatchRelatives({ forkedFrom, forks }: BatchRelativesProps): ReactNode {
  const { page: words } = useAppText().batches;
  if (forkedFrom === undefined && !forks.length) return null;
  return (
    <p className={css["relatives"]}>
      {forkedFrom === undefined ? null : <Way words={words.forked} ids={[forkedFrom]} below="/batches" />}
      {forks.length ? <Way words={words.forks} ids={forks} below="/batches" /> : null}
    </p>
  );
}
