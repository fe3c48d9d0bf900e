/** Numbers as people read them: durations, money, counts. */

import type { Text } from "./en.ts";

/** `4.2 s`, `24 s`, `1 min 5 s`, `2 h 3 min`; whole seconds while it still goes on. */
export function duration(text: Text, ms: number, going = false): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 0.05 && !going) return text.instant;
  if (seconds < 9.95 && !going) return text.seconds(number(text, seconds, 1));
  const whole = going ? Math.floor(seconds) : Math.round(seconds);
  if (whole < 60) return text.seconds(String(whole));
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return text.minutes(minutes, whole % 60);
  return text.hours(Math.floor(minutes / 60), minutes % 60);
}

/** A time to wait, no more exact than anyone can know it. */
export function estimate(text: Text, ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const step = seconds > 90 ? 15 : seconds > 20 ? 5 : 1;
  return duration(text, Math.round(seconds / step) * step * 1000, true);
}

/** In USD, with as many digits as there is something to see. */
export function money(text: Text, usd: number, complete = true): string {
  const digits = usd === 0 || usd >= 1 ? 2 : usd >= 0.01 ? 3 : 4;
  const format = { style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits };
  const shown = usd.toLocaleString(text.locale, format as Intl.NumberFormatOptions);
  return complete ? shown : text.atLeast(shown);
}

export function number(text: Text, value: number, digits = 0): string {
  return value.toLocaleString(text.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function score(text: Text, value: number): string {
  return value.toLocaleString(text.locale, { maximumFractionDigits: 1 });
}

export function dateTime(text: Text, at: number): string {
  return new Date(at).toLocaleString(text.locale, { dateStyle: "medium", timeStyle: "short" });
}

/** `near_term_bets` as it is called, or read out: “Near term bets”. */
export function nameOf(text: Text, id: string): string {
  const known = Object.hasOwn(text.names, id) ? text.names[id] : undefined;
  if (known !== undefined) return known;
  const words = id.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toLocaleUpperCase(text.locale) + words.slice(1);
}
