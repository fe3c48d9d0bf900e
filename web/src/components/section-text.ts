/** A section of a framework as lines of text, to be compared with another version of it. */

import type { Bet, Framework, Metric, SectionName } from "./vision.ts";

export function sectionText(name: SectionName, value: Framework[SectionName]): string {
  if (typeof value === "string") return value;
  if (name === "near_term_bets") return listed((value as readonly Bet[]).map(betText));
  if (name === "metrics") return listed((value as readonly Metric[]).map(metricText));
  return listed(value as readonly string[]);
}

/** Without numbers: one that is moved is still the same. */
function listed(items: readonly string[]): string {
  return items.map((item) => `• ${item}`).join("\n");
}

function betText({ bet, owner, horizon, measure }: Bet): string {
  return `${bet} (${owner}, ${horizon}: ${measure})`;
}

function metricText({ name, target, cadence }: Metric): string {
  return `${name}: ${target}, ${cadence}`;
}
