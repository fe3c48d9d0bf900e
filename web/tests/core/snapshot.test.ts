import { expect, test } from "vitest";
import { foldAll } from "../../src/core/fold.ts";
import { fromSnapshot } from "../../src/core/snapshot.ts";
import { opening, type StepView, textOf } from "../../src/core/view.ts";
import type { RunBody } from "../../src/core/wire.ts";
import { toSnapshot } from "../shape.ts";
import { RUN_ID, story } from "../story.ts";

function seen(body: RunBody, at?: number): StepView {
  return fromSnapshot(body, at).steps[0] as StepView;
}

const half = story().started("scoring").start("scoring").writes("scoring", "9", { lane: "vision" });
half
  .part("scoring", "/shown", 1)
  .part("scoring", "/scores/vision", 9, "abc")
  .writes("scoring", "7", { lane: "metrics" });
const body = toSnapshot(foldAll(opening(RUN_ID), half.events));

test("a snapshot keeps the lanes of a step that is at work", () => {
  expect(textOf(seen(body), "vision")).toBe("9");
  expect(textOf(seen(body), "metrics")).toBe("7");
});

test("a retry after a snapshot takes back what the attempt had shown, but no checkpoint", () => {
  const after = foldAll(fromSnapshot(body), half.retries("scoring").events.slice(-1)).steps[0] as StepView;
  expect(Object.keys(after.partials)).toEqual(["/scores/vision"]);
  expect(after.drafts).toEqual([]);
  expect(after.withdrawn.map(({ lane }) => lane)).toEqual(["vision", "metrics"]);
  expect(after.attempts).toMatchObject([{ attempt: 1, outcome: "retry" }]);
});

test("what a snapshot says is left counts from when it was taken", () => {
  expect(fromSnapshot({ ...body, eta_ms: 4000 }, 99).eta).toEqual({ ms: 4000, at: 99, basis: undefined });
});

test("a run in a list, without texts and with nulls, is a view as well", () => {
  const bare = { ...body, eta_ms: null, problem: null, steps: [] };
  expect(fromSnapshot(bare)).toMatchObject({ eta: undefined, problem: undefined, steps: [], status: "running" });
});

test.each([
  ["complete", "complete"],
  ["error", "error"],
  ["retrying", "retry"],
] as const)("a step that is %s has one attempt to show: its last", (status, outcome) => {
  const [step] = toSnapshot(foldAll(opening(RUN_ID), story().started("brief").start("brief").events)).steps;
  const shown = seen({ ...body, steps: [{ ...step, status, duration: 500, open: [] } as RunBody["steps"][number]] });
  expect(shown.attempts).toMatchObject([{ attempt: 1, outcome, endedAt: (shown.startedAt ?? 0) + 500 }]);
});
