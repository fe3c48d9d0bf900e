/** A section's score, and in a word what it means. */

import type { ReactNode } from "react";
import { useText } from "../text/context.tsx";
import { score } from "../text/format.ts";
import { Badge, type Tone } from "./badge.tsx";
import type { BadgeName, ScoreCardData } from "./vision.ts";

export const TONES: Readonly<Record<BadgeName, Tone>> = { excellent: "good", good: "warn", needs_work: "bad" };

export function ScoreBadge({ card }: { card: ScoreCardData }): ReactNode {
  const text = useText();
  return (
    <Badge tone={TONES[card.badge]}>
      {score(text, card.overall)} <span>{text.score.badge[card.badge]}</span>
    </Badge>
  );
}
