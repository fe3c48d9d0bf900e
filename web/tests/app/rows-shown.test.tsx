// @vitest-environment jsdom

import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { MOST, type RowsShown, useRowsShown } from "../../src/app/runs/rows-shown.ts";
import { fromSnapshot } from "../../src/core/snapshot.ts";
import type { RunView } from "../../src/core/view.ts";
import { run } from "../list-server.ts";

afterEach(cleanup);

const PAGE = 50;

/** Ten thousand runs, of which those are loaded that somebody has asked for. */
function viewer(): { now: () => RowsShown; press: (way: "older" | "newer") => void; first: () => number } {
  const all = Array.from({ length: 10_000 }, (_, at) => fromSnapshot(run(10_000 - at)));
  let loaded: RunView[] = all.slice(0, PAGE);
  const state = (): Parameters<typeof useRowsShown>[0] => ({
    runs: loaded,
    more: loaded.length < all.length,
    loadMore: () => {
      loaded = all.slice(0, loaded.length + PAGE);
      return Promise.resolve();
    },
  });
  const { result, rerender } = renderHook(useRowsShown, { initialProps: state() });
  return {
    now: () => result.current,
    press: (way) => {
      act(() => result.current[way]?.());
      rerender(state());
    },
    first: () => Number(result.current.rows[0]?.runId.slice(-12)),
  };
}

test("of ten thousand runs some hundred are drawn at most, whichever way one goes", () => {
  const { now, press, first } = viewer();
  expect(now().newer).toBeUndefined();
  const counts: number[] = [];
  const last: number[] = [];
  while (now().older) {
    press("older");
    counts.push(now().rows.length);
    last.push(Number(now().rows.at(-1)?.runId.slice(-12)));
  }
  expect(Math.max(...counts)).toBe(MOST);
  expect(last).toEqual(last.toSorted((one, other) => other - one));
  expect(last.at(-1), "the oldest is reached").toBe(1);
  while (now().newer) press("newer");
  expect([first(), now().rows.length]).toEqual([10_000, MOST]);
});

test("rows that are shown stay where more than one step is taken", () => {
  const { now, press } = viewer();
  for (let count = 0; count < 5; count += 1) press("older");
  const before = now().rows.map(({ runId }) => runId);
  press("older");
  const after = new Set(now().rows.map(({ runId }) => runId));
  expect(before.filter((each) => after.has(each)).length).toBeGreaterThan(0);
});
