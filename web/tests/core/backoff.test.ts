import { expect, test } from "vitest";
import { backoff } from "../../src/core/backoff.ts";

test("the wait before a new connection is under three seconds, always", () => {
  for (let failures = 1; failures < 2000; failures += 1) {
    expect(backoff(failures, () => 1)).toBeLessThan(3000);
    expect(backoff(failures, () => 0)).toBeGreaterThan(100);
  }
});

test("the wait doubles at first, and is never the same for everybody", () => {
  expect([1, 2, 3, 4].map((failures) => backoff(failures, () => 1))).toEqual([250, 500, 1000, 2000]);
  expect([1, 2, 3, 4].map((failures) => backoff(failures, () => 0))).toEqual([125, 250, 500, 1000]);
});
