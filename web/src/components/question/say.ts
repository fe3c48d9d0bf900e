/** An answer in a few words, for a sentence about it. */

import { sameJson } from "../../core/same-json.ts";
import type { Text } from "../../text/en.ts";
import { isObject } from "../vision.ts";
import { type Shape, sayValue } from "./shape.ts";

const LONGEST = 60;

/** Undefined for one that is not said so quickly. */
export function sayAnswer(text: Text, shape: Shape, value: unknown): string | undefined {
  if (shape.kind === "tagged" && isObject(value)) {
    const chosen = shape.cases.find((each) => sameJson(each.value, value[shape.tag]));
    return chosen && (chosen.group.title ?? sayValue(text, chosen.value));
  }
  if (shape.kind === "choice" && value !== null && value !== undefined) return sayValue(text, value);
  const short = typeof value === "number" || (typeof value === "string" && value && value.length <= LONGEST);
  return short ? String(value) : undefined;
}
