/** A file of a batch, read before anything is sent: its lines as items, and what is wrong with each. */

import { isObject } from "../../components/vision.ts";
import type { AppText } from "../text/en.ts";

type Words = AppText["batches"]["faults"];
type Schema = Readonly<Record<string, unknown>>;

export interface Line {
  /** Counted from 1, as an editor does. */
  readonly number: number;
  readonly key: string | undefined;
  /** Whether it is known by something: its key, or what is in it. */
  readonly keyed: boolean;
  /** What it is about, as far as that can be seen. */
  readonly about: string;
  readonly faults: readonly string[];
}

export interface Lines {
  /** Those with something in them: the items, in their order. */
  readonly lines: readonly Line[];
  /** Of those, how many have something wrong. */
  readonly wrong: number;
  /** What is wrong with the file as a whole. */
  readonly fault: string | undefined;
}

export const MOST_ITEMS = 10_000;
export const MOST_BYTES = 16 * 1024 * 1024;
export const LONGEST_LINE = 256 * 1024;
const LONGEST_KEY = 200;
const ABOUT = 80;

/** `schema` is that of the input of the items' pipeline; without one, what is in the inputs is left to the server. */
export function linesOf(words: Words, text: string, schema: Schema = {}): Lines {
  const given = text.replace(/^\uFEFF/, "").split("\n");
  const full = given.flatMap((line, at) => (line.trim() ? [{ line, number: at + 1 }] : []));
  if (!full.length) return { lines: [], wrong: 0, fault: words.nothing };
  if (full.length > MOST_ITEMS) return { lines: [], wrong: 0, fault: words.tooMany(full.length, MOST_ITEMS) };
  const seen = new Map<string, number>();
  const lines = full.map(({ line, number }) => lineOf(words, line.trim(), number, schema, seen));
  const wrong = lines.filter(({ faults }) => faults.length).length;
  const document = wrong && /^\[?\s*\{?$/.test(full[0]?.line.trim() ?? "") ? words.document : undefined;
  return { lines, wrong, fault: document };
}

function lineOf(words: Words, line: string, number: number, schema: Schema, seen: Map<string, number>): Line {
  const nothing = { number, key: undefined, keyed: false, about: line.slice(0, ABOUT) };
  if (line.length * 4 > LONGEST_LINE && bytesOf(line) > LONGEST_LINE) {
    return { ...nothing, faults: [words.lineTooLarge(`${LONGEST_LINE / 1024} KB`)] };
  }
  const document = parsed(line);
  if (document === undefined) return { ...nothing, faults: [words.noJson] };
  if (!isObject(document)) return { ...nothing, faults: [words.noObject] };
  const { key, input } = itemIn(document);
  const known = typeof key === "string" ? key : undefined;
  const faults = [...keyFaults(words, key, line, number, seen), ...inputFaults(words, input, schema)];
  return {
    number,
    key: known,
    keyed: known !== undefined || key === undefined || key === null,
    about: aboutOf(input),
    faults,
  };
}

/** As api/batch_order.py has it: `{"key"?, "input"}`, or the input alone. */
function itemIn(document: Schema): { key: unknown; input: Schema } {
  const { key, input, ...rest } = document;
  return isObject(input) && !Object.keys(rest).length ? { key, input } : { key: undefined, input: document };
}

function keyFaults(words: Words, key: unknown, line: string, number: number, seen: Map<string, number>): string[] {
  if (key !== undefined && key !== null && !isKey(key)) return [words.key];
  // Without a key it is known by what is in it.
  const [mark, say] = typeof key === "string" ? [`key ${key}`, words.sameKey] : [`line ${line}`, words.sameLine];
  const before = seen.get(mark);
  if (before === undefined) seen.set(mark, number);
  return before === undefined ? [] : [say(before)];
}

function isKey(key: unknown): boolean {
  if (typeof key !== "string" || !key) return false;
  return [...key].length <= LONGEST_KEY && !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(key);
}

/** What is missing, empty, too long or too much; what else may be wrong the server knows. */
function inputFaults(words: Words, input: Schema, schema: Schema): string[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const found = Object.entries(properties).map(([name, about]): [string, string | undefined] => {
    if (!Object.hasOwn(input, name)) return [name, required.includes(name) ? words.missing : undefined];
    return [name, isObject(about) ? valueFault(words, input[name], about) : undefined];
  });
  if (schema["additionalProperties"] === false) {
    for (const name of Object.keys(input)) if (!Object.hasOwn(properties, name)) found.push([name, words.unknown]);
  }
  return found.flatMap(([name, fault]) => (fault === undefined ? [] : [words.field(name, fault)]));
}

function valueFault(
  words: Words,
  value: unknown,
  { type, minLength, maxLength, enum: choices }: Schema,
): string | undefined {
  if (type !== "string" || choices !== undefined) return undefined;
  if (typeof value !== "string") return words.noText;
  // As the server counts: whole characters, without the blanks at both ends.
  const length = [...value.trim()].length;
  if (length < Number(minLength ?? 0)) return words.empty;
  return length > Number(maxLength ?? Number.POSITIVE_INFINITY) ? words.tooLong(length - Number(maxLength)) : undefined;
}

function aboutOf(input: Schema): string {
  const named = input["company_name"] ?? Object.values(input).find((value) => typeof value === "string");
  return typeof named === "string" ? named.slice(0, ABOUT) : "";
}

/** Undefined for what is no JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
