/** What was used, day by day: two rows of bars, and the same as a table behind them. */

import type { ReactNode } from "react";
import type { Usage } from "../../core/stats.ts";
import { useText } from "../../text/context.tsx";
import { money, number } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import { Bars } from "./bars.tsx";
import { totalOf } from "./facts.tsx";
import { Sheet } from "./sheet.tsx";
import css from "./usage-figure.module.css";
import { dayName, short } from "./words.ts";

export function UsageFigure({ usage }: { usage: readonly Usage[] }): ReactNode {
  const { stats } = useAppText();
  const words = stats.usage;
  const text = useText();
  const days = usage.map(({ day }) => dayName(text, day));
  const total = totalOf(usage);
  return (
    <section className={css["usage"]}>
      <h2>{words.title}</h2>
      {total.runs ? (
        <>
          {total.cost_usd === null ? (
            <p>{words.costUnknown}</p>
          ) : (
            <Bars
              title={words.cost}
              days={days}
              bars={usage.map((each) => [each.cost_usd ?? 0])}
              show={(value) => money(text, value)}
              say={(most, day) => words.costSaid(money(text, total.cost_usd ?? 0, total.cost_complete), most, day)}
            />
          )}
          <Bars
            title={words.tokens}
            parts={[words.read, words.written]}
            days={days}
            bars={usage.map((each) => [each.input_tokens, each.output_tokens])}
            show={(value) => short(text, value)}
            say={(most, day) => words.tokensSaid(short(text, total.input_tokens + total.output_tokens), most, day)}
          />
          <details>
            <summary>{words.table}</summary>
            <UsageTable usage={usage} days={days} />
          </details>
        </>
      ) : (
        <p>{words.nothing}</p>
      )}
    </section>
  );
}

function UsageTable({ usage, days }: { usage: readonly Usage[]; days: readonly string[] }): ReactNode {
  const { stats } = useAppText();
  const { usage: words, facts } = stats;
  const text = useText();
  return (
    <Sheet
      label={words.title}
      heads={[words.day, words.runs, `${words.tokens} ${words.read}`, `${words.tokens} ${words.written}`, words.cost]}
      rows={usage.map((each, place) => ({
        key: each.day,
        head: days[place],
        cells: [
          number(text, each.runs),
          number(text, each.input_tokens),
          number(text, each.output_tokens),
          each.cost_usd === null ? facts.costUnknown : money(text, each.cost_usd, each.cost_complete),
        ],
      }))}
    />
  );
}
