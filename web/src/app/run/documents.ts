/** What a run has made: what became of its result, or, while it goes on, what its steps have finished so far. */

import { type QualityReport, qualityIn } from "../../components/qa.ts";
import {
  type Framework,
  frameworkIn,
  isObject,
  member,
  type Scores,
  SECTIONS,
  scoresIn,
} from "../../components/vision.ts";
import type { RunView } from "../../core/view.ts";
import type { DocumentBody, VersionBody } from "../../core/wire.ts";

export interface Documents {
  /** The framework with what became of it after the run, once that is known. */
  readonly present: DocumentBody | undefined;
  /** Its versions, newest first, as far as they are known. */
  readonly history: readonly VersionBody[];
  readonly framework: Partial<Framework> | undefined;
  readonly scores: Scores;
  readonly founderBrief: string | undefined;
  readonly investorSummary: string | undefined;
  readonly onePager: string | undefined;
  readonly words: number | undefined;
  readonly quality: QualityReport | undefined;
}

export function documentsOf(view: RunView, present?: DocumentBody, history: readonly VersionBody[] = []): Documents {
  const brief = made(view, "brief");
  const onePager = made(view, "one_pager");
  return {
    present,
    history,
    framework:
      frameworkIn(present) ?? frameworkIn(view.result) ?? frameworkIn(resultOf(view, "validation")) ?? drafted(view),
    scores: present ? scoresIn(present) : scoresOf(view),
    founderBrief: text(member(brief, "founder_brief")),
    investorSummary: text(member(brief, "investor_summary")),
    onePager: text(member(onePager, "markdown")),
    words: member(onePager, "words") as number | undefined,
    quality: qualityIn(made(view, "qa")),
  };
}

/** A part of the result has the name of the step that makes it. */
function made(view: RunView, step: string): unknown {
  return member(view.result, step) ?? resultOf(view, step);
}

function resultOf(view: RunView, step: string): unknown {
  return view.steps.find(({ id }) => id === step)?.result;
}

/** The sections that hold already, while others are still being written. */
function drafted(view: RunView): Partial<Framework> | undefined {
  const partials = view.steps.find(({ id }) => id === "framework")?.partials ?? {};
  const parts = SECTIONS.flatMap((name) => {
    const part = partials[`/${name}`];
    return part ? [[name, part.value]] : [];
  });
  return parts.length ? (Object.fromEntries(parts) as Partial<Framework>) : undefined;
}

function scoresOf(view: RunView): Scores {
  const scores = member(view.result, "scores") ?? member(resultOf(view, "scoring"), "scores");
  if (isObject(scores)) return scores as Scores;
  const partials = view.steps.find(({ id }) => id === "scoring")?.partials ?? {};
  const cards = Object.entries(partials).map(([pointer, { value }]) => [pointer.split("/").at(-1), value]);
  return Object.fromEntries(cards) as Scores;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}
