/** The way from a run to the one that it goes on from, and to those that go on from it. */

import { Fragment, type ReactNode } from "react";
import { Link } from "../router.tsx";
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
      {forkedFrom === undefined ? null : <Way words={words.forked} runs={[forkedFrom]} />}
      {forks.length ? <Way words={words.forks} runs={forks} /> : null}
    </p>
  );
}

function Way({ words, runs }: { words: string; runs: readonly string[] }): ReactNode {
  return (
    <span>
      {words}
      {runs.map((runId) => (
        <Fragment key={runId}>
          {" "}
          <Link href={`/runs/${runId}`}>{shortId(runId)}</Link>
        </Fragment>
      ))}
    </span>
  );
}
