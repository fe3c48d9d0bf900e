import { expect, test } from "vitest";
import { sameButText } from "../../src/app/run/same-but-text.ts";
import { fold, foldAll } from "../../src/core/fold.ts";
import { opening, type RunView } from "../../src/core/view.ts";
import { RUN_ID, story } from "../story.ts";

/** The view before and after the last event of a story. */
function aroundLast(told: ReturnType<typeof story>): [RunView, RunView] {
  const before = foldAll(opening(RUN_ID), told.events.slice(0, -1));
  const last = told.events.at(-1);
  if (!last) throw new Error("A story without an event.");
  return [before, fold(before, last)];
}

test("more text is nothing new on a run's page", () => {
  const [before, after] = aroundLast(
    story().started("brief").start("brief").writes("brief", "one").writes("brief", "two"),
  );
  expect(after).not.toBe(before);
  expect(sameButText(before, after)).toBe(true);
});

test("a step that begins is", () => {
  expect(sameButText(...aroundLast(story().started("brief").start("brief")))).toBe(false);
});
