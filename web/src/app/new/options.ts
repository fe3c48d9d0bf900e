/** How a run is to go, besides what it is about: options that nobody has to know of. */

import { isObject } from "../../components/vision.ts";
import type { AppText } from "../text/en.ts";
import type { Errors, Values } from "./fields.ts";

export const BUDGET = "max_cost_usd";
export const ON_INVALID = "on_invalid";
const NAMES: readonly string[] = [BUDGET, ON_INVALID];

/** The options among what is kept with the answers. */
export function optionsIn(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => NAMES.includes(name)));
}

export function withoutOptions(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !NAMES.includes(name)));
}

/** Undefined for none. */
export function budgetIn(values: Values): number | undefined {
  const written = values[BUDGET]?.trim().replace(/^\$\s*/, "");
  return written ? Number(written) : undefined;
}

export function checkOptions(words: AppText["wizard"], values: Values): Errors {
  const budget = budgetIn(values);
  if (budget === undefined || (Number.isFinite(budget) && budget > 0)) return {};
  return { [BUDGET]: words.options.wrongBudget };
}

/** What of them belongs to the pipeline's input: where it knows them, and they are not as they are anyway. */
export function inputOptions(schema: Readonly<Record<string, unknown>>, values: Values): Values {
  return maybeAsks(schema) && values[ON_INVALID] === "ask" ? { [ON_INVALID]: "ask" } : {};
}

export function maybeAsks(schema: Readonly<Record<string, unknown>>): boolean {
  const { properties } = schema;
  return isObject(properties) && ON_INVALID in properties;
}
