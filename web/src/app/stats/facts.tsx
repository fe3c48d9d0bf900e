/** The figures in short: a number each, and what it is a number of. */

import type { ReactNode } from "react";
import type { Stats, Usage } from "../../core/stats.ts";
import { useText } from "../../text/context.tsx";
import { money, number } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./facts.module.css";
import { share, short } from "./words.ts";

export function Facts({ stats }: { stats: Stats }): ReactNode {
  const { stats: words } = useAppText();
  const { facts } = words;
  const text = useText();
  const { complete = 0, error = 0, cancelled = 0 } = stats.runs.by_status;
  const ended = complete + error + cancelled;
  const total = totalOf(stats.usage);
  const read = total.input_tokens;
  const written = total.output_tokens;
  const cost = total.cost_usd;
  return (
    <dl className={css["facts"]} aria-label={facts.label}>
      <Fact name={facts.runs} value={number(text, stats.runs.total)} />
      <Fact
        name={facts.failed}
        value={number(text, error)}
        note={ended ? facts.failedShare(share(text, error / ended)) : undefined}
        bad={error > 0}
      />
      <Fact
        name={facts.cost}
        value={cost === null ? facts.costUnknown : money(text, cost, total.cost_complete)}
        note={cost !== null && total.runs ? facts.costPerRun(money(text, cost / total.runs)) : undefined}
      />
      <Fact
        name={facts.tokens}
        value={short(text, read + written)}
        note={facts.tokensSplit(short(text, read), short(text, written))}
      />
      <Fact name={facts.viewers} value={number(text, stats.viewers)} note={facts.viewersNote} />
      <Fact name={facts.abandoned} value={number(text, stats.abandoned)} note={facts.abandonedNote} />
      <Fact name={facts.owed} value={number(text, stats.prefect_owed)} note={facts.owedNote} />
    </dl>
  );
}

interface FactProps {
  name: string;
  value: string;
  note?: string | undefined;
  bad?: boolean;
}

function Fact({ name, value, note, bad = false }: FactProps): ReactNode {
  return (
    <div data-bad={bad || undefined}>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        {note === undefined ? null : <small>{note}</small>}
      </dd>
    </div>
  );
}

/** Of all days together. A price that nobody knows is not one of zero. */
export function totalOf(usage: readonly Usage[]): Omit<Usage, "day"> {
  const sum = (of: (each: Usage) => number): number => usage.reduce((before, each) => before + of(each), 0);
  const known = usage.some((each) => each.runs > 0 && each.cost_usd !== null) || !usage.some(({ runs }) => runs > 0);
  return {
    runs: sum(({ runs }) => runs),
    input_tokens: sum((each) => each.input_tokens),
    output_tokens: sum((each) => each.output_tokens),
    cost_usd: known ? sum((each) => each.cost_usd ?? 0) : null,
    cost_complete: usage.every((each) => each.cost_complete && each.cost_usd !== null),
  };
}
