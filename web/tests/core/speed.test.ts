import { expect, test } from "vitest";
import type { LogEvent } from "../../src/core/contract.ts";
import { foldAll } from "../../src/core/fold.ts";
import { opening, type StepView, textOf } from "../../src/core/view.ts";
import { RUN_ID, story } from "../story.ts";

const ROUNDS = 30;

function chunks(count: number): LogEvent[] {
  const told = story().started("brief").start("brief");
  for (let at = 0; at < count; at += 1) told.writes("brief", `word ${at} `);
  return told.events;
}

/** Milliseconds of the quickest of many short rounds: the machine may be busy with something else. */
function timed(act: () => void): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now();
    act();
    return performance.now() - begun;
  });
  return Math.min(...rounds);
}

test("five thousand pieces of text take about ten times as long as five hundred", () => {
  const few = chunks(500);
  const many = chunks(5000);
  foldAll(opening(RUN_ID), many);
  const ratio = timed(() => foldAll(opening(RUN_ID), many)) / timed(() => foldAll(opening(RUN_ID), few));
  // Quadratic would be a hundred times.
  expect(ratio).toBeLessThan(30);
});

test("what was written is what is read, to the last piece", () => {
  const all = chunks(20_000);
  const expected = all.slice(3).map((event) => (event.type === "model_chunk" ? event.data.text : ""));
  expect(textOf(foldAll(opening(RUN_ID), all).steps[0] as StepView)).toBe(expected.join(""));
});
