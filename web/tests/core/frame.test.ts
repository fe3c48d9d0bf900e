// @vitest-environment jsdom

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nextFrame } from "../../src/core/frame.ts";
import { browserPresence } from "../../src/core/presence.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what is new is shown with the next frame, once", () => {
  const flush = vi.fn();
  nextFrame(flush);
  vi.advanceTimersByTime(20);
  expect(flush).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1000);
  expect(flush).toHaveBeenCalledTimes(1);
});

test("a page that is not seen draws no frames, and is told all the same", () => {
  vi.stubGlobal("requestAnimationFrame", () => 1);
  const flush = vi.fn();
  nextFrame(flush);
  vi.advanceTimersByTime(250);
  expect(flush).toHaveBeenCalledTimes(1);
});

test("without a browser there is a timer", () => {
  vi.stubGlobal("requestAnimationFrame", undefined);
  const flush = vi.fn();
  nextFrame(flush);
  const off = nextFrame(flush);
  off();
  vi.advanceTimersByTime(50);
  expect(flush).toHaveBeenCalledTimes(1);
});

test("a flush that is called off does not come", () => {
  const flush = vi.fn();
  nextFrame(flush)();
  vi.advanceTimersByTime(1000);
  expect(flush).not.toHaveBeenCalled();
});

test("the browser says when it comes and goes, until nobody listens", () => {
  const heard: string[] = [];
  const stop = browserPresence.watch((change) => heard.push(change));
  expect([browserPresence.online(), browserPresence.hidden()]).toEqual([true, false]);
  window.dispatchEvent(new Event("offline"));
  window.dispatchEvent(new Event("online"));
  const visibility = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  document.dispatchEvent(new Event("visibilitychange"));
  visibility.mockReturnValue("visible");
  document.dispatchEvent(new Event("visibilitychange"));
  stop();
  window.dispatchEvent(new Event("offline"));
  expect(heard).toEqual(["offline", "online", "hidden", "shown"]);
});
