/** What was done to a framework, and by whom, in words. */

import type { VersionBody } from "../../core/wire.ts";
import type { Text } from "../../text/en.ts";
import { dateTime, nameOf } from "../../text/format.ts";
import type { AppText } from "../text/en.ts";
import type { Documents } from "./documents.ts";

/** The only tenant where no tokens are set: nobody's name. */
const NOBODY = "default";

export interface Words {
  readonly text: Text;
  readonly app: AppText;
}

type Act = Pick<VersionBody, "kind" | "sections" | "by">;

export function authorOf({ by }: Pick<VersionBody, "by">): string | undefined {
  return by === null || by === NOBODY ? undefined : by;
}

export function sectionNames({ text }: Words, sections: readonly string[]): string[] {
  return sections.map((name) => nameOf(text, name));
}

/** “edit of Vision”: an act as a thing, to be undone. Without the act, what is known of it are its sections. */
export function actAsThing(words: Words, act: Act | undefined, sections: readonly string[]): string {
  const { act: say } = words.app.editing;
  const names = sectionNames(words, act?.sections ?? sections);
  if (act?.kind === "edit" || act?.kind === "refine") return say[act.kind](names);
  return say.other(names);
}

/** “Edited Vision”, “Undone: edit of Vision”. */
export function toldVersion(words: Words, version: Act & { version: number }, history: readonly VersionBody[]): string {
  const { told } = words.app.editing;
  const { kind, sections } = version;
  if (kind === "run") return told.run;
  if (kind === "undo" || kind === "redo") return told[kind](actAsThing(words, actOf(version, history), sections));
  return told[kind](sectionNames(words, sections));
}

/** The act that an undo took back or a redo brought back, where the history goes far enough. */
function actOf(
  version: Pick<VersionBody, "version" | "kind">,
  history: readonly VersionBody[],
): VersionBody | undefined {
  const shownBy = (number: number): number | undefined => history.find((each) => each.version === number)?.shows;
  const act = shownBy(version.kind === "undo" ? version.version - 1 : version.version);
  return history.find((each) => each.version === act);
}

/** The same with its author, where there is a name. */
export function toldWithAuthor(
  words: Words,
  version: Act & { version: number },
  history: readonly VersionBody[],
): string {
  const who = authorOf(version);
  const what = toldVersion(words, version, history);
  return who === undefined ? what : words.app.editing.by(what, who);
}

/** Who changed a section last after version `since`, be it by going back to what it was. */
export function lastToChange(section: string, history: readonly VersionBody[], since: number): VersionBody | undefined {
  return history.find(({ sections, version }) => version > since && sections.includes(section));
}

/** Who wrote what stands in a section now, as far as the history is known. What was undone is nobody's. */
export function writerOf(section: string, history: readonly VersionBody[]): VersionBody | undefined {
  const standing: VersionBody[] = [];
  for (const version of history.toReversed()) {
    const again = history.find((each) => each.version === version.shows);
    if (version.kind === "undo") standing.pop();
    else standing.push(again ?? version);
  }
  return standing.findLast(({ sections }) => sections.includes(section));
}

/** “Version 4. Edited Vision by Ada, …”: which version it is that somebody takes away. */
export function sayPresent(words: Words, { present, history }: Documents): string | undefined {
  if (!present) return undefined;
  const { version } = words.app.editing;
  return `${version(present.version)}. ${toldWithAuthor(words, present, history)}, ${dateTime(words.text, present.at)}`;
}

/** What is left to be said of documents that the run wrote from a framework that is another one by now. */
export function sayBasis(app: AppText, { present }: Documents): string[] {
  return present && present.version > 1 ? [app.editing.basis(present.version)] : [];
}
