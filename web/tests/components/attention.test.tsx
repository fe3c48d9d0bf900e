// @vitest-environment jsdom

import { fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GenerationProgressModal } from "../../src/components/generation-progress-modal.tsx";
import type { LogEvent } from "../../src/core/contract.ts";
import { pageStandsStill, pass, show } from "../react/harness.tsx";
import { Server } from "../server.ts";
import { goodStory, RUN_ID } from "../story.ts";
import { withDialogs } from "./dom.ts";

pageStandsStill();
beforeEach(withDialogs);

/** A browser that can call: what it was asked for, and what it did. */
const called = { asked: 0, notices: [] as string[], tones: 0 };

function browser(answer: NotificationPermission): void {
  Object.assign(called, { asked: 0, notices: [], tones: 0 });
  class Notice extends EventTarget {
    static permission: NotificationPermission = "default";
    static requestPermission(): Promise<NotificationPermission> {
      called.asked += 1;
      Notice.permission = answer;
      return Promise.resolve(answer);
    }
    constructor(title: string) {
      super();
      called.notices.push(title);
    }
  }
  const param = { setValueAtTime: () => 0, linearRampToValueAtTime: () => 0, exponentialRampToValueAtTime: () => 0 };
  class Sound {
    currentTime = 0;
    destination = {};
    gain = param;
    close = (): Promise<void> => Promise.resolve();
    connect = (next: unknown): unknown => next;
    start = (): number => (called.tones += 1);
    stop = (): void => undefined;
  }
  vi.stubGlobal("Notification", Notice);
  for (const name of ["AudioContext", "OscillatorNode", "GainNode"]) vi.stubGlobal(name, Sound);
}

function hide(hidden: boolean): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(hidden ? "hidden" : "visible");
}

const events = goodStory().events;

async function watch(): Promise<Server> {
  const server = new Server(events.slice(0, -1));
  show(server, <GenerationProgressModal open={true} title="Acme" run={RUN_ID} onClose={() => undefined} />);
  await pass(300);
  return server;
}

async function want(...names: RegExp[]): Promise<void> {
  fireEvent.click(screen.getByRole("button", { name: "Options" }));
  for (const name of names) {
    const box = screen.getByRole("checkbox", { name });
    if (!(box as HTMLInputElement).checked) fireEvent.click(box);
    await pass();
  }
}

describe("whoever looks elsewhere when the run ends", () => {
  afterEach(async () => {
    // What is wanted is kept for the next modal: each story begins with nothing wanted.
    for (const box of screen.queryAllByRole("checkbox", { name: /hidden/, checked: true })) fireEvent.click(box);
    await pass();
    hide(false);
  });

  test("is called by nothing that they did not ask for, and is not even asked", async () => {
    browser("granted");
    const server = await watch();
    hide(true);
    server.say(...events.slice(-1));
    await pass(300);
    expect(called).toEqual({ asked: 0, notices: [], tones: 0 });
  });

  test("is called by sound and notice, where they asked for them", async () => {
    browser("granted");
    const server = await watch();
    await want(/sound/, /Notify/);
    const sample = called.tones;
    hide(true);
    server.say(...events.slice(-1));
    await pass(300);
    expect(sample).toBe(2);
    expect(called).toEqual({ asked: 1, notices: ["Acme: Complete"], tones: 4 });
  });

  test("is called as well when it asks something, once for each question", async () => {
    browser("granted");
    const server = await watch();
    await want(/sound/, /Notify/);
    hide(true);
    const { v, run_id, seq, ts } = server.log.at(-1) as LogEvent;
    const data = { input_id: "q-1", schema: {}, prompt: "Which season?" };
    server.say({ v, run_id, seq: seq + 1, ts, type: "input_required", data });
    await pass(300);
    expect(called).toEqual({ asked: 1, notices: ["Acme: Waits for you"], tones: 4 });
    server.say({ v, run_id, seq: seq + 2, ts, type: "cancel_requested", data: {} });
    await pass(300);
    expect(called.notices).toHaveLength(1);
  });

  test("who does not look elsewhere is not called", async () => {
    browser("granted");
    const server = await watch();
    await want(/sound/, /Notify/);
    server.say(...events.slice(-1));
    await pass(300);
    expect(called).toEqual({ asked: 1, notices: [], tones: 2 });
  });

  test("is told that the browser does not allow it", async () => {
    browser("denied");
    await watch();
    await want(/Notify/);
    expect(screen.getByText("The browser does not let this page notify you.")).toBeTruthy();
    expect(screen.getByRole<HTMLInputElement>("checkbox", { name: /Notify/ }).checked).toBe(false);
  });
});
