/** What a run takes: time, money, tokens, and how fast they come. */

import type { ReactNode } from "react";
import { tokensPerSecond } from "../core/rate.ts";
import { hasEnded, type RunView } from "../core/view.ts";
import { type RunRef, useNow, useRun } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import type { Text } from "../text/en.ts";
import { duration, money, number } from "../text/format.ts";
import { isNearBudget } from "./budget-notice.tsx";
import { isAtRest } from "./resting.ts";
import css from "./run-facts.module.css";

export function RunFacts({ run }: { run: RunRef }): ReactNode {
  const text = useText();
  const { modal } = text;
  const view = useRun(run, (state) => state.view);
  const now = useNow(run, 500);
  const since = view.startedAt ?? view.createdAt;
  const ended = hasEnded(view);
  const elapsed = view.durationMs ?? (since === undefined ? 0 : now - since);
  const speed = Math.round(tokensPerSecond(view.rate, now));
  return (
    <dl className={css["facts"]}>
      <Fact name={modal.elapsed}>{duration(text, elapsed, !ended)}</Fact>
      <Fact name={modal.cost} warn={isNearBudget(view)}>
        {sayCost(text, view)}
      </Fact>
      <Fact name={modal.tokens} minor>
        {number(text, view.inputTokens + view.outputTokens)}
      </Fact>
      {ended || isAtRest(view, now) ? null : <Fact name={modal.speed}>{modal.perSecond(speed)}</Fact>}
    </dl>
  );
}

function sayCost(text: Text, { costUsd, costComplete, maxCostUsd }: RunView): string {
  const cost = costUsd === undefined ? "–" : money(text, costUsd, costComplete);
  return maxCostUsd === undefined ? cost : text.modal.costOf(cost, money(text, maxCostUsd));
}

interface FactProps {
  name: string;
  minor?: boolean;
  warn?: boolean;
  children: ReactNode;
}

function Fact({ name, minor, warn, children }: FactProps): ReactNode {
  return (
    <div className={css["fact"]} data-minor={minor} data-warn={warn || undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
