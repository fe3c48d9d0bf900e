/** How long to wait before connecting again. */

const FIRST_MS = 250;
/** A viewer who waits for longer than three seconds thinks that nothing happens. */
export const LONGEST_MS = 2800;

/**
 * After `failures` in a row (1 or more). Half is fixed and half is random ("equal jitter", M. Brooker, Exponential
 * Backoff and Jitter), so that all who lost the same server do not come back in the same moment.
 */
export function backoff(failures: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return whole / 2 + random() * (whole / 2);
}
