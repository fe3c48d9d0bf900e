/** A section's marks, and what is behind them. */

import type { ReactNode } from "react";
import { useText } from "../text/context.tsx";
import { score } from "../text/format.ts";
import { ScoreBadge } from "./score-badge.tsx";
import css from "./score-card.module.css";
import type { ScoreCardData } from "./vision.ts";

export interface ScoreCardProps {
  card: ScoreCardData;
  /** What is scored; without it the card stands where that is seen. */
  title?: string;
}

const MARKS = ["specificity", "actionability", "alignment", "measurability"] as const;

export function ScoreCard({ card, title }: ScoreCardProps): ReactNode {
  return (
    <article className={css["card"]}>
      {title === undefined ? null : (
        <header className={css["head"]}>
          <h2>{title}</h2>
          <ScoreBadge card={card} />
        </header>
      )}
      <Marks card={card} />
      <Reasons card={card} />
    </article>
  );
}

export function Marks({ card }: { card: ScoreCardData }): ReactNode {
  const text = useText();
  return (
    <dl className={css["marks"]}>
      {MARKS.map((name) => {
        const mark = card[name];
        if (typeof mark !== "number") return null;
        return (
          <div key={name}>
            <dt>
              {text.score[name]}
              {name === "alignment" ? <small> {text.score.twice}</small> : null}
            </dt>
            <dd>
              <span className={css["track"]} aria-hidden="true">
                <span style={{ inlineSize: `${mark * 10}%` }} data-low={mark < 6 || undefined} />
              </span>
              {score(text, mark)}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

export function Reasons({ card }: { card: ScoreCardData }): ReactNode {
  const text = useText();
  const kinds = [
    ["strengths", card.strengths],
    ["issues", card.issues],
    ["suggestions", card.suggestions],
  ] as const;
  return (
    <div className={css["reasons"]}>
      {kinds.map(([kind, reasons]) =>
        reasons.length ? (
          <section key={kind} data-kind={kind}>
            <h3>{text.score[kind]}</h3>
            <ul>
              {reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
          </section>
        ) : null,
      )}
    </div>
  );
}
