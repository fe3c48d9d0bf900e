/** The score cards of all sections, beside each other. */

import type { ReactNode } from "react";
import { ScoreCard } from "../../components/score-card.tsx";
import { type Scores, SECTIONS } from "../../components/vision.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./scores-tab.module.css";

export interface ScoresTabProps {
  scores: Scores;
  /** Whether a section without a card is one that was edited since, and not one that is still to be scored. */
  edited: boolean;
}

export function ScoresTab({ scores, edited }: ScoresTabProps): ReactNode {
  const { scores: words, editing } = useAppText();
  const text = useText();
  const without = edited ? SECTIONS.filter((name) => !scores[name]).map((name) => nameOf(text, name)) : [];
  return (
    <>
      <p className={css["note"]}>{words.note}</p>
      {without.length ? <p className={css["note"]}>{editing.unscoredList(without)}</p> : null}
      <div className={css["cards"]}>
        {SECTIONS.map((name) => {
          const card = scores[name];
          return card ? (
            <div key={name} className={css["card"]}>
              <ScoreCard card={card} title={nameOf(text, name)} />
            </div>
          ) : null;
        })}
      </div>
    </>
  );
}
