/** How long a section may be, and of how many items (steps/vision_framework/document.py). The server has the last say. */

import type { SectionName } from "./vision.ts";

export const HORIZONS = ["Q1", "Q2", "Q3", "Q4", "H1", "H2", "6mo", "12mo"] as const;
export const CADENCES = ["daily", "weekly", "monthly", "quarterly", "milestone"] as const;

export interface FieldBounds {
  readonly least: number;
  readonly most: number;
  /** One of these, and nothing else. */
  readonly choices?: readonly string[];
}

export interface ListBounds {
  readonly least: number;
  readonly most: number;
  /** The members of an item; an item that is text has one without a name. */
  readonly fields: Readonly<Record<string, FieldBounds>>;
}

export const VISION: FieldBounds = { least: 20, most: 500 };
export const TEXT_ITEM = "";

export const LISTS: Readonly<Record<Exclude<SectionName, "vision">, ListBounds>> = {
  strategy: { least: 2, most: 5, fields: { [TEXT_ITEM]: { least: 10, most: 300 } } },
  operating_principles: { least: 3, most: 7, fields: { [TEXT_ITEM]: { least: 10, most: 200 } } },
  near_term_bets: {
    least: 2,
    most: 8,
    fields: {
      bet: { least: 10, most: 300 },
      owner: { least: 1, most: 100 },
      horizon: { least: 1, most: 10, choices: HORIZONS },
      measure: { least: 5, most: 200 },
    },
  },
  metrics: {
    least: 3,
    most: 12,
    fields: {
      name: { least: 1, most: 100 },
      target: { least: 1, most: 100 },
      cadence: { least: 1, most: 10, choices: CADENCES },
    },
  },
  tensions: { least: 0, most: 10, fields: { [TEXT_ITEM]: { least: 10, most: 300 } } },
};

/** As the server counts: whole characters, without the blanks at both ends. */
export function lengthOf(value: string): number {
  return [...value.trim()].length;
}

export function fits({ least, most }: FieldBounds, value: string): boolean {
  const length = lengthOf(value);
  return length >= least && length <= most;
}
