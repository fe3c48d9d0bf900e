/** The score cards of all sections, beside each other. */

import type { ReactNode } from "react";
import { ScoreCard } from "../../components/score-card.tsx";
import { type Scores, SECTIONS } from "../../components/vision.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./scores-tab.module.css";

export function ScoresTab({ scores }: { scores: Scores }): ReactNode {
  const { scores: words } = useAppText();
  const text = useText();
  return (
    <>
      <p className={css["note"]}>{words.note}</p>
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
