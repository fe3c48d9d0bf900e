/** What a number is made of: a line and a bar for each kind, the largest first. */

import type { ReactNode } from "react";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./shares.module.css";
import { share } from "./words.ts";

export interface SharesProps {
  title: string;
  counts: Readonly<Record<string, number>>;
  names?: Readonly<Record<string, string>>;
}

export function Shares({ title, counts, names = {} }: SharesProps): ReactNode {
  const { stats } = useAppText();
  const text = useText();
  const all = Object.entries(counts).sort(([, one], [, other]) => other - one);
  const total = all.reduce((before, [, count]) => before + count, 0);
  return (
    <section className={css["shares"]}>
      <h2>{title}</h2>
      <ul>
        {all.map(([name, count]) => (
          <li key={name} data-kind={name}>
            <span>{Object.hasOwn(names, name) ? names[name] : nameOf(text, name)}</span>
            <span>{stats.runs.share(count, share(text, count / total))}</span>
            <span className={css["track"]} aria-hidden="true">
              <span style={{ scale: `${count / total} 1` }} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
