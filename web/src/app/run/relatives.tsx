/** The way from a run to the one that it goes on from, and to those that go on from it. */

import { Fragment, type ReactNode } from "react";
import { Link, type Path } from "../router.tsx";
import { shortId } from "../runs/runs-table.tsx";
import { useAppText } from "../text/languages.tsx";
import css from "./relatives.module.css";

export interface RelativesProps {
  forkedFrom: string | undefined;
  forks: readonly string[];
}

export function Relatives({ forkedFrom, forks }: RelativesProps): ReactNode {
  const { run: words } = useAppText();
  if (forkedFrom === undefined && !forks.length) return null;
  return (
    <p className={css["relatives"]}>
      {forkedFrom === undefined ? null : <Way words={words.forked} ids={[forkedFrom]} below="/runs" />}
      {forks.length ? <Way words={words.forks} ids={forks} below="/runs" /> : null}
    </p>
  );
}

/** `ids` of runs, or of batches, whose pages are `below` an address. */
export function Way({ words, ids, below }: { words: string; ids: readonly string[]; below: Path }): ReactNode {
  return (
    <span>
      {words}
      {ids.map((id) => (
        <Fragment key={id}>
          {" "}
          <Link href={`${below}/${id}`}>{shortId(id)}</Link>
        </Fragment>
      ))}
    </span>
  );
}
