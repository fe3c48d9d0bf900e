/** What is typed into a form, as it is typed, and the value that it makes. It survives JSON, to be kept and read back. */

import { sameJson } from "../../core/same-json.ts";
import { isObject } from "../vision.ts";
import type { GroupShape, ListShape, Member, Shape, TaggedShape } from "./shape.ts";

/** Words for one value, rows for a list, and by their names those of an object. */
export type Entry = string | Rows | Fields;
export type Rows = readonly Row[];
export interface Row {
  /** Stays with the row, whichever is removed. */
  readonly id: number;
  readonly entry: Entry;
}
export interface Fields {
  readonly [name: string]: Entry;
}

/** In the fields of a choice between objects: the place of the one that is chosen. */
export const AT = "at";

export function textIn(entry: Entry | undefined): string {
  return typeof entry === "string" ? entry : "";
}

export function rowsIn(entry: Entry | undefined): Rows {
  return Array.isArray(entry) ? (entry as Rows) : [];
}

export function fieldsIn(entry: Entry | undefined): Fields {
  return isObject(entry) ? (entry as Fields) : {};
}

/** What stands in the form to begin with, where `value` is given, or what the schema has. */
export function entryOf(shape: Shape, value: unknown = shape.given): Entry {
  switch (shape.kind) {
    case "text":
    case "number":
      return typeof value === "string" || typeof value === "number" ? String(value) : "";
    case "choice": {
      const at = shape.values.findIndex((each) => sameJson(each, value));
      return at < 0 ? "" : String(at);
    }
    case "list":
      return rowsOf(shape, value);
    case "group":
      return groupOf(shape, value);
    case "tagged":
      return taggedOf(shape, value);
    case "json":
      return value === undefined || value === null ? "" : JSON.stringify(value, null, 2);
    default:
      return "";
  }
}

function rowsOf(shape: ListShape, value: unknown): Rows {
  const items: readonly unknown[] = Array.isArray(value) ? value : Array.from({ length: Math.min(shape.min, 1) });
  return items.map((item, id) => ({ id, entry: entryOf(shape.item, item) }));
}

function groupOf(shape: GroupShape, value: unknown): Fields {
  const known = isObject(value) ? value : {};
  return Object.fromEntries(shape.members.map(({ name, shape: each }) => [name, entryOf(each, known[name])]));
}

function taggedOf({ tag, cases }: TaggedShape, value: unknown): Fields {
  const known = isObject(value) ? value : {};
  const at = cases.findIndex((each) => sameJson(each.value, known[tag]));
  const entries = cases.map(({ group }, place) => [place, entryOf(group, place === at ? known : undefined)]);
  return { ...Object.fromEntries(entries), [AT]: at < 0 ? "" : String(at) };
}

/** What was kept of an entry; whatever does not fit is as it is to begin with. */
export function mended(shape: Shape, kept: unknown): Entry {
  if (shape.kind === "list" && Array.isArray(kept)) {
    return kept.filter(isObject).map((row, id) => ({ id, entry: mended(shape.item, row["entry"]) }));
  }
  if (shape.kind === "group" && isObject(kept)) return mendedGroup(shape, kept);
  if (shape.kind === "tagged" && isObject(kept)) {
    const groups = shape.cases.map(({ group }, place) => [place, mended(group, kept[place])]);
    return { ...Object.fromEntries(groups), [AT]: typeof kept[AT] === "string" ? kept[AT] : "" };
  }
  return typeof kept === "string" && isLeaf(shape) ? kept : entryOf(shape);
}

function mendedGroup(shape: GroupShape, kept: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(shape.members.map(({ name, shape: each }) => [name, mended(each, kept[name])]));
}

export function isLeaf({ kind }: Shape): boolean {
  return kind === "text" || kind === "number" || kind === "choice" || kind === "json";
}

/** Whether nothing was said. */
export function isEmpty(shape: Shape, entry: Entry | undefined): boolean {
  if (shape.kind === "constant") return true;
  if (shape.kind === "list") return rowsIn(entry).length === 0;
  if (shape.kind === "tagged") return textIn(fieldsIn(entry)[AT]) === "";
  if (shape.kind === "group") return shape.members.every((each) => isEmpty(each.shape, fieldsIn(entry)[each.name]));
  return textIn(entry).trim() === "";
}

/** Nothing has to be said here, and nothing was. */
export function isLeftOut(shape: Shape, required: boolean, entry: Entry | undefined): boolean {
  return (shape.nullable || !required) && shape.kind !== "constant" && isEmpty(shape, entry);
}

/** The value to be sent; undefined for what is left out. Asked of an entry without faults. */
export function valueIn(shape: Shape, entry: Entry | undefined, required = true): unknown {
  if (isLeftOut(shape, required, entry)) return nothing(shape);
  switch (shape.kind) {
    case "number":
      return Number(textIn(entry));
    case "choice":
      return shape.values[Number(textIn(entry))];
    case "json":
      return JSON.parse(textIn(entry)) as unknown;
    case "constant":
      return shape.value;
    case "list":
      return rowsIn(entry).map((row) => valueIn(shape.item, row.entry) ?? null);
    case "group":
      return valuesOf(shape.members, fieldsIn(entry));
    case "tagged": {
      const [at, fields] = [textIn(fieldsIn(entry)[AT]), fieldsIn(entry)];
      const chosen = shape.cases[Number(at)];
      return chosen && { [shape.tag]: chosen.value, ...valuesOf(chosen.group.members, fieldsIn(fields[at])) };
    }
    default:
      return textIn(entry);
  }
}

/** What is cleared is not to become what stood there. */
function nothing(shape: Shape): unknown {
  if (shape.nullable) return null;
  const cleared = shape.given !== undefined && shape.given !== "";
  if (shape.kind === "text" && cleared) return "";
  return shape.kind === "list" && cleared ? [] : undefined;
}

function valuesOf(members: readonly Member[], fields: Fields): Readonly<Record<string, unknown>> {
  const values = members.map(({ name, shape, required }) => [name, valueIn(shape, fields[name], required)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
