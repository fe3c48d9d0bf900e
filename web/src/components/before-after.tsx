/** A section before and after, with what went and what came. */

import type { ReactNode } from "react";
import { useText } from "../text/context.tsx";
import css from "./before-after.module.css";
import { ScoreBadge } from "./score-badge.tsx";
import { sectionText } from "./section-text.ts";
import type { Framework, ScoreCardData, SectionName } from "./vision.ts";
import { type Piece, wordDiff } from "./word-diff.ts";

export interface BeforeAfterProps {
  name: SectionName;
  before: Framework[SectionName];
  after: Framework[SectionName];
  scoreBefore?: ScoreCardData | undefined;
  scoreAfter?: ScoreCardData | undefined;
  /** What the two sides are called, where “before” and “after” would not say it. */
  labels?: readonly [before: string, after: string];
}

export function BeforeAfter({ name, before, after, scoreBefore, scoreAfter, labels }: BeforeAfterProps): ReactNode {
  const { refine } = useText();
  const [was, is] = labels ?? [refine.before, refine.after];
  const pieces = wordDiff(sectionText(name, before), sectionText(name, after));
  const changed = pieces.some((piece) => piece.kind !== "same");
  return (
    <>
      {changed ? null : <p className={css["same"]}>{refine.same}</p>}
      <div className={css["both"]}>
        <Side label={was} card={scoreBefore} pieces={pieces.filter((piece) => piece.kind !== "added")} />
        <Side label={is} card={scoreAfter} pieces={pieces.filter((piece) => piece.kind !== "removed")} />
      </div>
    </>
  );
}

interface SideProps {
  label: string;
  card: ScoreCardData | undefined;
  pieces: readonly Piece[];
}

function Side({ label, card, pieces }: SideProps): ReactNode {
  const { framework } = useText();
  return (
    <figure className={css["side"]}>
      <figcaption>
        {label}
        {card ? <ScoreBadge card={card} /> : null}
      </figcaption>
      <p>
        {pieces.length ? null : framework.empty}
        {pieces.map((piece, place) => {
          const Tag = piece.kind === "added" ? "ins" : piece.kind === "removed" ? "del" : "span";
          return <Tag key={String(place)}>{piece.text}</Tag>;
        })}
      </p>
    </figure>
  );
}
