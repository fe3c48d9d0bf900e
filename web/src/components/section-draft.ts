/** A section while somebody writes in it: rows of named texts, whatever its shape. */

import { type FieldBounds, fits, LISTS, TEXT_ITEM, VISION } from "./bounds.ts";
import type { Framework, SectionName } from "./vision.ts";

export interface Row {
  /** Stays with the row when it is moved. */
  readonly id: number;
  readonly texts: Readonly<Record<string, string>>;
}

export interface SectionDraft {
  readonly rows: readonly Row[];
  readonly next: number;
}

export function fieldsOf(name: SectionName): Readonly<Record<string, FieldBounds>> {
  return name === "vision" ? { [TEXT_ITEM]: VISION } : LISTS[name].fields;
}

export function draftOf(name: SectionName, value: Framework[SectionName]): SectionDraft {
  const items: readonly unknown[] = name === "vision" ? [value] : (value as readonly unknown[]);
  const rows = items.map((item, id) => ({ id, texts: textsOf(item) }));
  return { rows, next: rows.length };
}

function textsOf(item: unknown): Readonly<Record<string, string>> {
  if (typeof item === "string") return { [TEXT_ITEM]: item };
  return Object.fromEntries(Object.entries(item as object).map(([field, text]) => [field, String(text)]));
}

export function sectionIn(name: SectionName, draft: SectionDraft): Framework[SectionName] {
  const items = draft.rows.map(({ texts }) => {
    const trimmed = Object.entries(texts).map(([field, text]) => [field, text.trim()] as const);
    return TEXT_ITEM in texts ? (texts[TEXT_ITEM] ?? "").trim() : Object.fromEntries(trimmed);
  });
  return (name === "vision" ? items[0] : items) as Framework[SectionName];
}

/** Whether the server would take it, as far as that can be known here. */
export function isValid(name: SectionName, draft: SectionDraft): boolean {
  const fields = Object.entries(fieldsOf(name));
  const whole = draft.rows.every(({ texts }) => fields.every(([field, bounds]) => fits(bounds, texts[field] ?? "")));
  if (name === "vision") return whole;
  const { least, most } = LISTS[name];
  return whole && draft.rows.length >= least && draft.rows.length <= most;
}

export function added(name: SectionName, draft: SectionDraft): SectionDraft {
  const texts = Object.entries(fieldsOf(name)).map(([field, { choices }]) => [field, choices?.[0] ?? ""]);
  return { rows: [...draft.rows, { id: draft.next, texts: Object.fromEntries(texts) }], next: draft.next + 1 };
}

export function removed(draft: SectionDraft, id: number): SectionDraft {
  return { ...draft, rows: draft.rows.filter((row) => row.id !== id) };
}

export function moved(draft: SectionDraft, id: number, by: 1 | -1): SectionDraft {
  const rows = [...draft.rows];
  const from = rows.findIndex((row) => row.id === id);
  const [row] = rows.splice(from, 1);
  if (row) rows.splice(from + by, 0, row);
  return { ...draft, rows };
}

export function written(draft: SectionDraft, id: number, field: string, text: string): SectionDraft {
  const rows = draft.rows.map((row) => (row.id === id ? { ...row, texts: { ...row.texts, [field]: text } } : row));
  return { ...draft, rows };
}
