import { expect, test } from "vitest";
import { heard, type Rate, tokensPerSecond } from "../../src/core/rate.ts";

function steadily(perSecond: number, seconds: number): Rate {
  let rate: Rate | undefined;
  for (let at = 0; at <= seconds * 1000; at += 20) rate = heard(rate, perSecond / 50, at);
  return rate as Rate;
}

test.each([1, 3, 30])("tokens that come steadily for %i s are counted at their rate", (seconds) => {
  expect(tokensPerSecond(steadily(100, seconds), seconds * 1000)).toBeGreaterThan(95);
  expect(tokensPerSecond(steadily(100, seconds), seconds * 1000)).toBeLessThan(106);
});

test("a model that has stopped writing fades to nothing", () => {
  const rate = steadily(100, 10);
  expect(tokensPerSecond(rate, 13_000)).toBeLessThan(40);
  expect(tokensPerSecond(rate, 40_000)).toBeLessThan(1);
});

test("nothing written is no tokens, and a clock that steps back does no harm", () => {
  expect(tokensPerSecond(undefined, 5)).toBe(0);
  const rate = heard(heard(undefined, 1, 1000), 1, 400);
  expect(tokensPerSecond(rate, 900)).toBeGreaterThan(0);
});
