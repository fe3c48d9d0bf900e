/** The wizard's fields, made of the JSON Schema of a pipeline's input, and what may be wrong with an answer. */

import { isObject } from "../../components/vision.ts";
import type { ProblemError } from "../../core/contract.ts";
import type { AppText } from "../text/en.ts";

export interface Field {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  readonly limit: number;
  /** An answer of several sentences, with a page of its own. */
  readonly long: boolean;
}

export type Values = Readonly<Record<string, string>>;
export type Errors = Readonly<Record<string, string>>;

const LONG = 500;

/** The questions: what has to be answered, in words. What else there is are options of the run. */
export function fieldsOf(schema: Readonly<Record<string, unknown>>): Field[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const asked = Object.entries(properties).filter(([name]) => required.includes(name));
  return asked.map(([name, about]) => {
    const { title, description, maxLength } = isObject(about) ? about : {};
    const limit = typeof maxLength === "number" ? maxLength : LONG * 8;
    return { name, title: String(title ?? name), help: String(description ?? ""), limit, long: limit > LONG };
  });
}

/** As the server counts: whole characters, without the blanks at both ends. */
export function lengthOf(value: string): number {
  return [...value.trim()].length;
}

export function check(words: AppText["wizard"], field: Field, value: string): string | undefined {
  const length = lengthOf(value);
  if (length === 0) return words.empty;
  if (length > field.limit) return words.tooLong(length - field.limit);
  return undefined;
}

export function checkAll(words: AppText["wizard"], fields: readonly Field[], values: Values): Errors {
  const found = fields.map((field) => [field.name, check(words, field, values[field.name] ?? "")] as const);
  return Object.fromEntries(found.filter((each): each is [string, string] => each[1] !== undefined));
}

/** What the server says of fields and options, by their names. */
export function errorsIn(errors: readonly ProblemError[] | undefined): Errors {
  const ours = (errors ?? []).map(({ pointer, detail }) => [pointer.replace(/^\/(input\/)?/, ""), detail] as const);
  return Object.fromEntries(ours.filter(([name]) => name && !name.includes("/")));
}
