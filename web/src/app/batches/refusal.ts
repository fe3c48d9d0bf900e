/** What the server says of a batch that it refuses, each where it is about: a line, a field, or all of it. */

import type { Problem } from "../../core/contract.ts";
import type { Line } from "./lines.ts";

export type FormField = "name" | "pipeline" | "concurrency" | "max_cost_usd";
const FIELDS: readonly string[] = ["name", "pipeline", "concurrency", "max_cost_usd"];

export interface Refusal {
  /** By the number of the line. */
  readonly lines: ReadonlyMap<number, readonly string[]>;
  readonly fields: Partial<Record<FormField, string>>;
  /** Whether all of it is said at a line or a field. */
  readonly placed: boolean;
}

const NOTHING: Refusal = { lines: new Map(), fields: {}, placed: false };

export function refusalOf(problem: Problem | undefined, lines: readonly Line[]): Refusal {
  const errors = problem?.errors ?? [];
  if (!errors.length) return NOTHING;
  const atLines = new Map<number, string[]>();
  const fields: Partial<Record<FormField, string>> = {};
  let placed = true;
  for (const { pointer, detail } of errors) {
    const [, top = "", at = "", ...path] = pointer.split("/");
    const line = top === "items" && /^\d+$/.test(at) ? lines[Number(at)] : undefined;
    if (line) atLines.set(line.number, [...(atLines.get(line.number) ?? []), atLine(path, detail)]);
    else if (FIELDS.includes(top)) fields[top as FormField] = detail;
    else placed = false;
  }
  return { lines: atLines, fields, placed };
}

/** It stands at its line: the number before it, and the way to its input, say nothing more. */
function atLine(path: readonly string[], detail: string): string {
  const name = path
    .join("/")
    .replace(/^input\/?/, "")
    .replaceAll("~1", "/")
    .replaceAll("~0", "~");
  const words = detail.replace(/^Line \d+: /, "");
  return !name || words.includes(name) ? words : `${name}: ${words}`;
}
