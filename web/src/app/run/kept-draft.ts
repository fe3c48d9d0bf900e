/** What somebody writes in a section, kept for as long as the tab is open: a reload loses nothing. */

import type { SectionDraft } from "../../components/section-draft.ts";
import { isObject, SECTIONS, type SectionName } from "../../components/vision.ts";
import { keep, kept, storage } from "../stored.ts";

export interface KeptDraft {
  /** What they began with, as JSON, and its version. */
  readonly value: unknown;
  readonly version: number;
  readonly draft: SectionDraft;
}

export function keepDraft(runId: string, section: SectionName, draft: KeptDraft | undefined): void {
  keep(storage("sessionStorage"), keyOf(runId, section), draft);
}

export function keptDraft(runId: string, section: SectionName): KeptDraft | undefined {
  const found = kept(storage("sessionStorage"), keyOf(runId, section));
  if (!(isObject(found) && typeof found["version"] === "number" && isDraft(found["draft"]))) return undefined;
  return found as unknown as KeptDraft;
}

/** The sections in which somebody was writing. */
export function keptSections(runId: string): SectionName[] {
  return SECTIONS.filter((name) => keptDraft(runId, name));
}

function isDraft(draft: unknown): boolean {
  if (!(isObject(draft) && Array.isArray(draft["rows"]) && typeof draft["next"] === "number")) return false;
  return draft["rows"].every(isRow);
}

function isRow(row: unknown): boolean {
  if (!(isObject(row) && typeof row["id"] === "number" && isObject(row["texts"]))) return false;
  return Object.values(row["texts"]).every((text) => typeof text === "string");
}

function keyOf(runId: string, section: SectionName): string {
  return `stepglass.editing.${runId}.${section}`;
}
