/** The first lines of a file, and all that have something wrong, each with what that is. */

import { Fragment, type ReactNode } from "react";
import { useAppText } from "../text/languages.tsx";
import type { Line, Lines } from "./lines.ts";
import css from "./preview.module.css";

/** Lines that are shown in any case, and of those with something wrong. */
const FIRST = 5;
const WRONG = 50;

export interface PreviewProps {
  lines: Lines;
  /** What the server has said of lines, by their numbers. */
  refused: ReadonlyMap<number, readonly string[]>;
  id: string;
}

export function Preview({ lines: { lines, wrong, fault }, refused, id }: PreviewProps): ReactNode {
  const { batches } = useAppText();
  const words = batches.preview;
  const marked = lines.map((line) => ({ ...line, faults: [...line.faults, ...(refused.get(line.number) ?? [])] }));
  const bad = wrong || refused.size;
  const shown = pickedFrom(marked);
  const hidden =
    marked.filter(({ faults }) => faults.length).length - shown.filter(({ faults }) => faults.length).length;
  return (
    <div className={css["preview"]}>
      <p id={id} className={css["sum"]} data-wrong={Boolean(bad || fault) || undefined} role="status">
        {bad ? batches.file.wrong(bad) : (fault ?? batches.file.good(lines.length))}
        {bad && fault !== undefined ? <span>{fault}</span> : null}
      </p>
      {shown.length ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what moves must be reached with the keyboard, too.
        <section className={css["sheet"]} aria-label={words.label} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words.line}</th>
                <th scope="col">{words.key}</th>
                <th scope="col">{words.about}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((line, at) => (
                <Fragment key={line.number}>
                  <Between lines={skipped(lines, shown[at - 1], line)} />
                  <Row line={line} />
                </Fragment>
              ))}
              <Rest all={lines} shown={shown} hidden={hidden} />
            </tbody>
          </table>
        </section>
      ) : null}
    </div>
  );
}

function pickedFrom(lines: readonly Line[]): readonly Line[] {
  let wrong = 0;
  return lines.filter(({ faults }, at) => {
    if (faults.length) wrong += 1;
    return at < FIRST || (faults.length && wrong <= WRONG);
  });
}

/** How many lines are between two that are shown. */
function skipped(lines: readonly Line[], before: Line | undefined, line: Line): number {
  return before
    ? lines.findIndex(({ number }) => number === line.number) -
        lines.findIndex(({ number }) => number === before.number) -
        1
    : 0;
}

function Row({ line: { number, key, keyed, about, faults } }: { line: Line }): ReactNode {
  const { preview: words } = useAppText().batches;
  return (
    <tr data-wrong={faults.length ? true : undefined}>
      <th scope="row">{number}</th>
      <td className={css["key"]}>
        {key === undefined ? <em>{keyed ? words.byContent : words.none}</em> : <bdi>{key}</bdi>}
      </td>
      <td>
        <bdi>{about}</bdi>
        {faults.length ? (
          <ul>
            {faults.map((fault) => (
              <li key={fault}>{fault}</li>
            ))}
          </ul>
        ) : null}
      </td>
    </tr>
  );
}

function Between({ lines }: { lines: number }): ReactNode {
  const { preview: words } = useAppText().batches;
  return lines > 0 ? <Note words={words.between(lines)} /> : null;
}

function Rest({ all, shown, hidden }: { all: readonly Line[]; shown: readonly Line[]; hidden: number }): ReactNode {
  const { preview: words } = useAppText().batches;
  const last = shown.at(-1);
  const after = last ? all.length - 1 - all.findIndex(({ number }) => number === last.number) : 0;
  if (hidden) return <Note words={words.moreWrong(hidden)} />;
  return after > 0 ? <Note words={words.more(after)} /> : null;
}

function Note({ words }: { words: string }): ReactNode {
  return (
    <tr className={css["note"]}>
      <td colSpan={3}>{words}</td>
    </tr>
  );
}
