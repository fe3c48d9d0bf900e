/** What a refinement made of a section, as it comes in its result (steps/vision_framework/refine.py). */

import { type Framework, member, type ScoreCardData, type SectionName } from "./vision.ts";

export interface RefinedData {
  readonly before: Framework[SectionName];
  readonly after: Framework[SectionName];
  readonly scoreBefore: ScoreCardData | undefined;
  readonly scoreAfter: ScoreCardData | undefined;
}

export function refinedIn(result: unknown): RefinedData {
  return {
    before: member(result, "before") as Framework[SectionName],
    after: member(result, "after") as Framework[SectionName],
    scoreBefore: member(result, "score_before") as ScoreCardData | undefined,
    scoreAfter: member(result, "score_after") as ScoreCardData | undefined,
  };
}
