/** What a question's JSON Schema asks for, in the few forms that can be filled in. Whatever else it asks is JSON. */

import { nameOf } from "../../text/format.ts";
import { isObject } from "../vision.ts";
import { type Json, read } from "./schema.ts";
import { tagged } from "./tagged.ts";

export interface Named {
  readonly title: string | undefined;
  readonly help: string | undefined;
  /** What stands there to begin with. */
  readonly given: unknown;
  readonly nullable: boolean;
}

export interface TextShape extends Named {
  readonly kind: "text";
  readonly min: number;
  readonly max: number;
  readonly pattern: string | undefined;
  readonly input: "text" | "date" | "time" | "email" | "url";
  readonly long: boolean;
}

export interface NumberShape extends Named {
  readonly kind: "number";
  readonly whole: boolean;
  readonly min: number;
  readonly max: number;
  /** The bounds themselves are out of bounds. */
  readonly above: number;
  readonly below: number;
}

/** One of several values, `null` among them where it may be. */
export interface ChoiceShape extends Named {
  readonly kind: "choice";
  readonly values: readonly unknown[];
}

export interface ListShape extends Named {
  readonly kind: "list";
  readonly item: Shape;
  readonly min: number;
  readonly max: number;
}

export interface GroupShape extends Named {
  readonly kind: "group";
  readonly members: readonly Member[];
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
}

/** One of several objects, told apart by the value of `tag`. */
export interface TaggedShape extends Named {
  readonly kind: "tagged";
  readonly tag: string;
  readonly cases: readonly { readonly value: unknown; readonly group: GroupShape }[];
}

export interface ConstantShape extends Named {
  readonly kind: "constant";
  readonly value: unknown;
}

export interface JsonShape extends Named {
  readonly kind: "json";
}

export type Shape =
  | TextShape
  | NumberShape
  | ChoiceShape
  | ListShape
  | GroupShape
  | TaggedShape
  | ConstantShape
  | JsonShape;

const DEEPEST = 8;
const LONG = 120;

/** Never fails: what cannot be understood is JSON. */
export function shapeOf(schema: unknown): Shape {
  return shape(isObject(schema) ? schema : {}, isObject(schema) ? schema : {}, 0);
}

/** The shape of one place of the schema `root`. */
export function shape(at: Json, root: Json, depth: number): Shape {
  const { schema, nullable } = read(at, root);
  const named = {
    title: words(schema["title"]),
    help: words(schema["description"]),
    given: schema["default"],
    nullable,
  };
  const unknown = { ...named, kind: "json" } as const;
  if (depth > DEEPEST) return unknown;
  if ("const" in schema) return { ...named, kind: "constant", value: schema["const"] };
  if (Array.isArray(schema["enum"])) return { ...named, kind: "choice", values: schema["enum"] };
  const union = schema["oneOf"] ?? schema["anyOf"];
  if (Array.isArray(union)) {
    const groupOf = (each: Json, about: Named): GroupShape | undefined => group(each, root, depth + 1, about);
    return (
      tagged(
        union.filter(isObject).map((each) => read(each, root).schema),
        schema,
        named,
        groupOf,
      ) ?? unknown
    );
  }
  if ("allOf" in schema || "not" in schema || "if" in schema) return unknown;
  return simple(schema, root, depth, named) ?? unknown;
}

function simple(schema: Json, root: Json, depth: number, named: Named): Shape | undefined {
  switch (schema["type"]) {
    case "string":
      return text(schema, named);
    case "integer":
    case "number":
      return number(schema, named);
    case "boolean":
      return { ...named, kind: "choice", values: [true, false] };
    case "array":
      return list(schema, root, depth, named);
    case "object":
      return group(schema, root, depth, named);
    default:
      return undefined;
  }
}

const INPUTS: Readonly<Record<string, TextShape["input"]>> = { date: "date", time: "time", email: "email", uri: "url" };

function text(schema: Json, named: Named): TextShape {
  const max = bound(schema["maxLength"], Number.POSITIVE_INFINITY);
  const given = typeof named.given === "string" ? named.given : "";
  const format = String(schema["format"] ?? "");
  const input = (Object.hasOwn(INPUTS, format) && INPUTS[format]) || "text";
  const bounded = Number.isFinite(max) ? max > LONG : given.length > LONG || given.includes("\n");
  const { min, pattern } = { min: bound(schema["minLength"], 0), pattern: words(schema["pattern"]) };
  return { ...named, kind: "text", min, max, pattern, input, long: input === "text" && bounded };
}

function number(schema: Json, named: Named): NumberShape {
  const [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return {
    ...named,
    kind: "number",
    whole: schema["type"] === "integer",
    min: bound(schema["minimum"], least),
    max: bound(schema["maximum"], most),
    above: bound(schema["exclusiveMinimum"], least),
    below: bound(schema["exclusiveMaximum"], most),
  };
}

function list(schema: Json, root: Json, depth: number, named: Named): ListShape | undefined {
  if (!isObject(schema["items"]) || "prefixItems" in schema || "contains" in schema) return undefined;
  const [min, max] = [bound(schema["minItems"], 0), bound(schema["maxItems"], Number.POSITIVE_INFINITY)];
  return { ...named, kind: "list", item: shape(schema["items"], root, depth + 1), min, max };
}

/** An object with names of its own. One that takes any name is JSON. */
function group(schema: Json, root: Json, depth: number, named: Named): GroupShape | undefined {
  const { properties } = schema;
  if (!isObject(properties)) return undefined;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const members = Object.entries(properties).map(([name, about]) => ({
    name,
    shape: shape(isObject(about) ? about : {}, root, depth + 1),
    required: required.includes(name),
  }));
  return { ...named, kind: "group", members };
}

function words(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() ? value : undefined;
}

function bound(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** A value as a person reads it: `near_term` as “Near term”, `6mo` as it is. */
export function sayValue(text: Parameters<typeof nameOf>[0], value: unknown): string {
  if (typeof value === "boolean") return value ? text.question.yes : text.question.no;
  if (typeof value !== "string") return JSON.stringify(value) ?? "";
  return /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(value) ? nameOf(text, value) : value;
}
