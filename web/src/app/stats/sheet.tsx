/** A table of figures. Where it is wider than the window it moves by itself, and not the page. */

import type { ReactNode } from "react";
import css from "./sheet.module.css";

export interface Row {
  readonly key: string;
  readonly head: ReactNode;
  readonly cells: readonly ReactNode[];
}

export interface SheetProps {
  label: string;
  /** The first is that of the rows' own heads. */
  heads: readonly string[];
  rows: readonly Row[];
}

export function Sheet({ label, heads, rows }: SheetProps): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what moves must be reached with the keyboard, too.
    <section className={css["sheet"]} aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, head, cells }) => (
            <tr key={key}>
              <th scope="row">{head}</th>
              {cells.map((cell, place) => (
                <td key={heads[place + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
