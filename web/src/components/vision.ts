/** The documents of the Vision Framework as they come in results (steps/vision_framework/). */

export const SECTIONS = [
  "vision",
  "strategy",
  "operating_principles",
  "near_term_bets",
  "metrics",
  "tensions",
] as const;
export type SectionName = (typeof SECTIONS)[number];

export interface Bet {
  readonly bet: string;
  readonly owner: string;
  readonly horizon: string;
  readonly measure: string;
}

export interface Metric {
  readonly name: string;
  readonly target: string;
  readonly cadence: string;
}

export interface Framework {
  readonly vision: string;
  readonly strategy: readonly string[];
  readonly operating_principles: readonly string[];
  readonly near_term_bets: readonly Bet[];
  readonly metrics: readonly Metric[];
  readonly tensions: readonly string[];
  readonly company_id?: string;
  readonly updated_at?: string;
}

export type BadgeName = "excellent" | "good" | "needs_work";

export interface ScoreCardData {
  readonly specificity: number;
  readonly actionability: number;
  readonly alignment: number;
  readonly measurability?: number | null;
  readonly issues: readonly string[];
  readonly suggestions: readonly string[];
  readonly strengths: readonly string[];
  readonly overall: number;
  readonly badge: BadgeName;
}

export type Scores = Readonly<Partial<Record<SectionName, ScoreCardData>>>;

/** The score cards in a result, where there are any. */
export function scoresIn(result: unknown): Scores {
  const scores = member(result, "scores");
  return isObject(scores) ? (scores as Scores) : {};
}

/** The framework in a result, where there is one. */
export function frameworkIn(result: unknown): Framework | undefined {
  const framework = member(result, "framework");
  const whole = isObject(framework) && SECTIONS.every((name) => name in framework);
  return whole ? (framework as unknown as Framework) : undefined;
}

export function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
