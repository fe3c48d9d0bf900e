import { expect, test } from "vitest";
import { Rope } from "../../src/core/rope.ts";

test("a rope is its pieces in their order", () => {
  const rope = Rope.of("a").append("bc").append("").append("d");
  expect([rope.toString(), rope.length, JSON.stringify({ rope })]).toEqual(["abcd", 4, '{"rope":"abcd"}']);
});

test("two ropes that go on from one do not disturb each other", () => {
  const stem = Rope.of("a").append("b");
  const left = stem.append("L");
  stem.toString();
  const right = stem.append("R");
  expect([left, right, stem].map(String)).toEqual(["abL", "abR", "ab"]);
});

test("appending nothing gives the same rope, and nothing with nothing is empty", () => {
  const rope = Rope.of("a");
  expect(rope.append("")).toBe(rope);
  expect(Rope.of("")).toBe(Rope.empty);
  expect(Rope.empty.append("x").toString()).toBe("x");
});

test("a hundred thousand pieces need no deep stack", () => {
  let rope = Rope.empty;
  for (let at = 0; at < 100_000; at += 1) rope = rope.append("x");
  expect(rope.toString()).toHaveLength(100_000);
});
