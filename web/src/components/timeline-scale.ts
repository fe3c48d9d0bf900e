/** A run's time as a line: where each moment is on it, and where to write the seconds. */

const STEPS_S = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];
const MARKS_AT_MOST = 8;

export interface Scale {
  readonly from: number;
  readonly lengthMs: number;
  /** Moments to be marked, in ms from the beginning. */
  readonly marks: readonly number[];
}

export function scaleOf(from: number, until: number): Scale {
  const lengthMs = Math.max(500, until - from);
  const step = (STEPS_S.find((seconds) => lengthMs / (seconds * 1000) <= MARKS_AT_MOST) ?? 3600) * 1000;
  const marks = Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, place) => place * step);
  return { from, lengthMs, marks };
}

/** As a percentage of the line, for SVG. */
export function at(scale: Scale, moment: number): string {
  return percent(scale, moment - scale.from);
}

export function percent(scale: Scale, ms: number): string {
  return `${(Math.min(1, Math.max(0, ms / scale.lengthMs)) * 100).toFixed(3)}%`;
}
