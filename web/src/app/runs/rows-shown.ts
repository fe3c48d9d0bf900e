/** Which of many runs are drawn: a page that is long is slow, and nobody reads thousands of rows. */

import { useState } from "react";
import type { RunView } from "../../core/view.ts";
import type { Runs } from "../../react/use-runs.ts";

/** Rows that are drawn at most, and how many come into view at a time. */
export const MOST = 200;
const STEP = 100;

export interface RowsShown {
  readonly rows: readonly RunView[];
  /** Undefined where there are none. */
  readonly older: (() => void) | undefined;
  readonly newer: (() => void) | undefined;
}

export function useRowsShown({ runs, more, loadMore }: Pick<Runs, "runs" | "more" | "loadMore">): RowsShown {
  const [start, setStart] = useState(0);
  // Runs may be fewer than they were.
  const first = Math.min(start, Math.max(0, runs.length - 1));
  const rows = runs.slice(first, first + MOST);
  const below = runs.length - first - rows.length;
  const older = (): void => {
    if (!below) void loadMore();
    if (rows.length === MOST) setStart(first + STEP);
  };
  const newer = (): void => setStart(Math.max(0, first - STEP));
  return { rows, older: below || more ? older : undefined, newer: first ? newer : undefined };
}
