/** What runs failed of, the most frequent first. */

import type { ReactNode } from "react";
import type { Failure } from "../../core/stats.ts";
import { useText } from "../../text/context.tsx";
import { nameOf, number } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import sheet from "./sheet.module.css";
import { Sheet } from "./sheet.tsx";

export function Failures({ failures }: { failures: readonly Failure[] }): ReactNode {
  const { stats } = useAppText();
  const words = stats.failures;
  const text = useText();
  if (!failures.length) return null;
  return (
    <section className={sheet["section"]}>
      <h2>{words.title}</h2>
      <Sheet
        label={words.title}
        heads={[words.what, words.step, words.runs]}
        rows={failures.map(({ title, step, runs }) => ({
          key: `${title} ${step ?? ""}`,
          head: title,
          cells: [step === null ? stats.none : nameOf(text, step), number(text, runs)],
        }))}
      />
    </section>
  );
}
