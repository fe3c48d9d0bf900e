/** For every test: what is said on the console is an error, unless the test listens to it itself. */

import { afterEach, beforeEach, expect, vi } from "vitest";

const said: unknown[][] = [];
beforeEach(() => {
  for (const level of ["error", "warn"] as const) {
    vi.spyOn(console, level).mockImplementation((...words: unknown[]) => void said.push(words));
  }
});

afterEach(() => {
  expect(said.splice(0), "said on the console").toEqual([]);
});
