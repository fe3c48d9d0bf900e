/** What is wrong with what was typed, each fault at its place: a JSON Pointer into the value. */

import type { ProblemError } from "../../core/contract.ts";
import type { Text } from "../../text/en.ts";
import { AT, type Entry, fieldsIn, isEmpty, isLeftOut, rowsIn, textIn } from "./entry.ts";
import type { ListShape, NumberShape, Shape, TextShape } from "./shape.ts";

export type Faults = Readonly<Record<string, string>>;
type Words = Text["question"];
type Found = [pointer: string, detail: string];

export function faultsOf(words: Words, shape: Shape, entry: Entry): Faults {
  return Object.fromEntries(found(words, shape, entry, true, ""));
}

/** The place of `name` inside the place `at`. */
export function inside(at: string, name: string | number): string {
  return `${at}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function found(words: Words, shape: Shape, entry: Entry | undefined, required: boolean, at: string): Found[] {
  if (isLeftOut(shape, required, entry)) return [];
  const said = own(words, shape, entry);
  return [...(said === undefined ? [] : [[at, said] as Found]), ...below(words, shape, entry, at)];
}

function own(words: Words, shape: Shape, entry: Entry | undefined): string | undefined {
  const text = textIn(entry);
  switch (shape.kind) {
    case "text":
      return wrongText(words, shape, text);
    case "number":
      return wrongNumber(words, shape, text);
    case "choice":
    case "tagged":
      return isEmpty(shape, entry) ? words.choose : undefined;
    case "list":
      return wrongList(words, shape, rowsIn(entry).length);
    case "json":
      return wrongJson(words, text);
    default:
      return undefined;
  }
}

function below(words: Words, shape: Shape, entry: Entry | undefined, at: string): Found[] {
  if (shape.kind === "list") {
    return rowsIn(entry).flatMap((row, place) => found(words, shape.item, row.entry, true, inside(at, place)));
  }
  const fields = fieldsIn(entry);
  if (shape.kind === "group") {
    const { members } = shape;
    return members.flatMap(({ name, shape: each, required }) =>
      found(words, each, fields[name], required, inside(at, name)),
    );
  }
  if (shape.kind !== "tagged") return [];
  const chosen = textIn(fields[AT]);
  const group = chosen === "" ? undefined : shape.cases[Number(chosen)]?.group;
  return group ? below(words, group, fields[chosen], at) : [];
}

/** As the server counts: whole characters. */
export function lengthOf(text: string): number {
  return [...text].length;
}

function wrongText(words: Words, { min, max, pattern }: TextShape, text: string): string | undefined {
  if (text.trim() === "") return words.empty;
  const length = lengthOf(text);
  if (length < min) return words.tooShort(min - length);
  if (length > max) return words.tooLong(length - max);
  return pattern === undefined || fits(pattern, text) ? undefined : words.form;
}

/** Longer texts are left to the server: a pattern may take much longer than the text is. */
const LONGEST_MATCHED = 1000;

function fits(pattern: string, text: string): boolean {
  if (text.length > LONGEST_MATCHED) return true;
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    // Written for another language: the server knows it.
    return true;
  }
}

function wrongNumber(words: Words, shape: NumberShape, text: string): string | undefined {
  if (text.trim() === "") return words.empty;
  const value = Number(text);
  if (!Number.isFinite(value)) return words.noNumber;
  if (shape.whole && !Number.isInteger(value)) return words.whole;
  if (value < shape.min) return words.least(shape.min);
  if (value > shape.max) return words.most(shape.max);
  if (value <= shape.above) return words.above(shape.above);
  return value >= shape.below ? words.below(shape.below) : undefined;
}

function wrongList(words: Words, { min, max }: ListShape, length: number): string | undefined {
  if (length < min) return words.tooFew(min);
  return length > max ? words.tooMany(max) : undefined;
}

function wrongJson(words: Words, text: string): string | undefined {
  if (text.trim() === "") return words.empty;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return words.noJson(error instanceof Error ? error.message : "");
  }
}

/** What the server says of the value, at the place of the form that is nearest to where it is. */
export function told(errors: readonly ProblemError[] | undefined, shape: Shape, entry: Entry): Faults {
  const known = new Set(placesOf(shape, entry, ""));
  const said = new Map<string, string>();
  for (const { pointer, detail } of errors ?? []) {
    let at = pointer.replace(/^\/value/, "");
    while (at && !known.has(at)) at = at.slice(0, at.lastIndexOf("/"));
    said.set(at, [said.get(at), detail].filter(Boolean).join(" "));
  }
  return Object.fromEntries(said);
}

function placesOf(shape: Shape, entry: Entry | undefined, at: string): string[] {
  const fields = fieldsIn(entry);
  if (shape.kind === "list") {
    return [at, ...rowsIn(entry).flatMap((row, place) => placesOf(shape.item, row.entry, inside(at, place)))];
  }
  if (shape.kind === "group") {
    return [at, ...shape.members.flatMap((each) => placesOf(each.shape, fields[each.name], inside(at, each.name)))];
  }
  const chosen = textIn(fields[AT]);
  const group = shape.kind === "tagged" && chosen !== "" ? shape.cases[Number(chosen)]?.group : undefined;
  return group ? placesOf(group, fields[chosen], at) : [at];
}

/** Without those that a change at this place may have mended. */
export function without(faults: Faults, at: string): Faults {
  const kept = Object.entries(faults).filter(
    ([each]) => !(`${each}/`.startsWith(`${at}/`) || `${at}/`.startsWith(`${each}/`)),
  );
  return Object.fromEntries(kept);
}
