/** The report of the quality checks, as it comes in results (steps/vision_framework/qa.py). */

import { isObject, member } from "./vision.ts";

export const CHECKS = ["consistency", "measurability", "actionability", "tensions", "completeness"] as const;
export type CheckName = (typeof CHECKS)[number];

export interface Check {
  readonly passed: boolean;
  /** What was found: issues, gaps, or what was said. */
  readonly found: readonly string[];
  readonly score: number | undefined;
}

export interface QualityReport {
  readonly overall: number;
  readonly checks: Readonly<Record<CheckName, Check>>;
  readonly recommendations: readonly string[];
}

export function qualityIn(report: unknown): QualityReport | undefined {
  const overall = member(report, "overall_score");
  if (typeof overall !== "number") return undefined;
  const checks = Object.fromEntries(CHECKS.map((name) => [name, checkIn(member(report, name))]));
  return {
    overall,
    checks: checks as Record<CheckName, Check>,
    recommendations: texts(member(report, "recommendations")),
  };
}

function checkIn(check: unknown): Check {
  if (!isObject(check)) return { passed: false, found: [], score: undefined };
  const found = [...texts(check["issues"]), ...texts(check["gaps"]), ...texts(check["feedback"])];
  return {
    passed: check["passed"] === true,
    found,
    score: typeof check["score"] === "number" ? check["score"] : undefined,
  };
}

function texts(value: unknown): string[] {
  const all = Array.isArray(value) ? value : [value];
  return all.filter((each): each is string => typeof each === "string" && each.trim() !== "");
}
