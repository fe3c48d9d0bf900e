/** What a run takes: time, money, tokens, and how fast they come. */

import type { ReactNode } from "react";
import { tokensPerSecond } from "../core/rate.ts";
import { hasEnded, type RunView } from "../core/view.ts";
import { type RunRef, useNow, useRun } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { duration, money, number } from "../text/format.ts";
import css from "./run-facts.module.css";
import { isActive } from "./step-words.ts";

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
      <Fact name={modal.cost}>{view.costUsd === undefined ? "–" : money(text, view.costUsd, view.costComplete)}</Fact>
      <Fact name={modal.tokens} minor>
        {number(text, view.inputTokens + view.outputTokens)}
      </Fact>
      {ended || isResting(view) ? null : <Fact name={modal.speed}>{modal.perSecond(speed)}</Fact>}
    </dl>
  );
}

/** Nothing is at work until somebody says something. */
function isResting({ status, steps }: RunView): boolean {
  return (status === "paused" || status === "waiting") && !steps.some(isActive);
}

function Fact({ name, minor, children }: { name: string; minor?: boolean; children: ReactNode }): ReactNode {
  return (
    <div className={css["fact"]} data-minor={minor}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
