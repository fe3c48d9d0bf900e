/** Money, as far as it is known. */

/** Of costs in USD. One that is unknown adds nothing and is never taken for zero; rounded, so that it reads as a price. */
export function sum(cost: number | undefined, more: number | undefined): number | undefined {
  return more === undefined ? cost : Math.round(((cost ?? 0) + more) * 1e10) / 1e10;
}
