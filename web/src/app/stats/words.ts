/** How figures are written. */

import type { PipelineInfo } from "../../core/wire.ts";
import type { Text } from "../../text/en.ts";
import { nameOf } from "../../text/format.ts";

/** `0.4%`, `12%`: a share of 1. */
export function share(text: Text, value: number): string {
  const digits = value > 0 && value < 0.0995 ? 1 : 0;
  return value.toLocaleString(text.locale, { style: "percent", maximumFractionDigits: digits });
}

/** `812`, `12.3K`, `4.1M`. */
export function short(text: Text, value: number): string {
  return value.toLocaleString(text.locale, { notation: "compact", maximumFractionDigits: 1 });
}

/** `Nov 20`: a day of UTC is the same day wherever it is looked at. */
export function dayName(text: Text, day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(text.locale, {
    month: "short",
    day: "numeric",
    timeZone: "UTC",
  });
}

/** What a pipeline calls its step, as long as there is that pipeline. */
export function stepName(
  text: Text,
  pipelines: readonly PipelineInfo[] | undefined,
  pipeline: string | null | undefined,
  step: string | null | undefined,
): string {
  const plan = pipelines?.find(({ name }) => name === pipeline)?.plan;
  return plan?.find((each) => each.step === step)?.label ?? nameOf(text, step ?? "");
}
