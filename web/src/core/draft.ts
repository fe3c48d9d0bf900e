/** Text as it is being written, by lane and round, and whose it is: an attempt that fails takes back what is its own. */

import type { ModelChunkEvent } from "./contract.ts";
import { Rope } from "./rope.ts";
import type { Draft, StepView } from "./view.ts";

interface Named {
  readonly lane?: string | undefined;
  readonly round?: number | undefined;
}

/** The name of a place: of a lane and round of its own, or of the whole step. */
export function keyOf(place: Named): string {
  return `${place.lane ?? ""}\n${place.round ?? ""}`;
}

const WHOLE_STEP = keyOf({});

/** The place that something said in a lane belongs to: that lane's own if it was started by itself, else the step. */
export function ownerOf(step: StepView, said: Named): string {
  const own = keyOf(said);
  return step.open.some((place) => place.started && keyOf(place) === own) ? own : WHOLE_STEP;
}

export function written(step: StepView, event: ModelChunkEvent): Partial<StepView> {
  const { lane, round, attempt, ts, data } = event;
  const owner = ownerOf(step, event);
  const at = step.drafts.findIndex((each) => each.lane === lane && each.round === round && each.owner === owner);
  const draft = step.drafts[at];
  if (draft) {
    const longer = { ...draft, text: draft.text.append(data.text), tokens: draft.tokens + data.tokens };
    return { drafts: step.drafts.with(at, longer) };
  }
  const first: Draft = { lane, round, attempt, owner, text: Rope.of(data.text), tokens: data.tokens };
  const attempts = step.attempts.map((each) =>
    each.owner === owner && !each.outcome ? { ...each, firstTokenAt: each.firstTokenAt ?? ts } : each,
  );
  return { drafts: [...step.drafts, first], attempts };
}

type Writing = Pick<StepView, "drafts" | "withdrawn" | "partials">;

/** Without what the attempt at `owner` made: its text is kept apart, its parts are gone; checkpoints stay. */
export function withdrawn(step: StepView, owner: string): Writing {
  const theirs = step.drafts.filter((draft) => draft.owner === owner);
  const others = step.withdrawn.filter((draft) => draft.owner !== owner);
  const parts = Object.entries(step.partials).filter(([, part]) => part.owner !== owner);
  return { ...dropped(step, owner), withdrawn: [...others, ...theirs], partials: Object.fromEntries(parts) };
}

/** Without the text of an attempt that is over, for the next one at the same place. */
export function dropped(step: StepView, owner: string): Pick<StepView, "drafts"> {
  return { drafts: step.drafts.filter((draft) => draft.owner !== owner) };
}
