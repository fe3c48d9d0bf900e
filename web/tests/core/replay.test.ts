import { describe, expect, test, vi } from "vitest";
import { foldAll } from "../../src/core/fold.ts";
import { createReplayStore, type ReplayOptions, type ReplayStore } from "../../src/core/replay.ts";
import { parseTranscript } from "../../src/core/transcript.ts";
import { opening } from "../../src/core/view.ts";
import { plain } from "../shape.ts";
import { goodStory, RUN_ID } from "../story.ts";
import { names, transcript } from "../transcripts.ts";

const events = goodStory().events;
const LENGTH = 10 * (events.length - 1);

/** A replay by a clock that goes on when the test says so, a frame at a time. */
class Theatre {
  time = 0;
  readonly store: ReplayStore;
  #frame: (() => void) | undefined;

  constructor(options: Partial<ReplayOptions> = {}) {
    const schedule = (flush: () => void): (() => void) => {
      this.#frame = flush;
      return () => (this.#frame = undefined);
    };
    this.store = createReplayStore({ events, clock: () => this.time, schedule, ...options });
  }

  pass(ms: number): void {
    this.time += ms;
    const frame = this.#frame;
    this.#frame = undefined;
    frame?.();
  }

  get waiting(): boolean {
    return this.#frame !== undefined;
  }

  get seq(): number {
    return this.store.getSnapshot().view.lastSeq;
  }
}

describe("a replay", () => {
  test("plays its events when they happened, and ends with the view of the whole run", () => {
    const theatre = new Theatre();
    theatre.store.subscribe(() => undefined);
    expect(theatre.seq).toBe(1);
    theatre.pass(25);
    expect(theatre.seq).toBe(3);
    expect(theatre.store.getSnapshot()).toMatchObject({ positionMs: 25, lengthMs: LENGTH, playing: true });
    for (let frame = 0; frame < 20; frame += 1) theatre.pass(10);
    const { view, playing, connection } = theatre.store.getSnapshot();
    expect(plain(view)).toEqual(plain(foldAll(opening(RUN_ID), events)));
    expect([playing, connection.status, theatre.waiting]).toEqual([false, "finished", false]);
  });

  test.each([1, 4, 16])("at %i times the speed is as far in that part of the time", (speed) => {
    const theatre = new Theatre({ speed });
    theatre.store.subscribe(() => undefined);
    theatre.pass(80 / speed);
    expect(theatre.seq).toBe(9);
  });

  test("changes its speed in the middle without a jump", () => {
    const theatre = new Theatre();
    theatre.store.subscribe(() => undefined);
    theatre.pass(20);
    theatre.store.setSpeed(4);
    theatre.pass(10);
    expect(theatre.store.getSnapshot().positionMs).toBe(60);
  });

  test("jumps to the end and back, and is the same as if it had been played to there", () => {
    const theatre = new Theatre();
    theatre.store.subscribe(() => undefined);
    theatre.store.seek(LENGTH);
    expect(theatre.store.getSnapshot().view.status).toBe("complete");
    theatre.store.seek(65);
    expect(plain(theatre.store.getSnapshot().view)).toEqual(plain(foldAll(opening(RUN_ID), events.slice(0, 7))));
  });

  test("stands still while it is paused, goes on from there, and begins again after its end", () => {
    const theatre = new Theatre();
    theatre.store.subscribe(() => undefined);
    theatre.pass(20);
    theatre.store.pause();
    theatre.pass(100);
    expect(theatre.store.getSnapshot()).toMatchObject({ positionMs: 20, playing: false });
    theatre.store.play();
    theatre.pass(10);
    expect(theatre.store.getSnapshot().positionMs).toBe(30);
    theatre.store.seek(LENGTH);
    theatre.store.play();
    expect(theatre.store.getSnapshot()).toMatchObject({ positionMs: 0, playing: true });
    expect(theatre.seq).toBe(1);
  });

  test("plays only while somebody looks", () => {
    vi.useFakeTimers();
    const theatre = new Theatre();
    const stop = theatre.store.subscribe(() => undefined);
    theatre.pass(20);
    stop();
    vi.runAllTimers();
    theatre.pass(1000);
    expect(theatre.store.getSnapshot().positionMs).toBe(20);
    theatre.store.subscribe(() => undefined);
    theatre.pass(10);
    expect(theatre.store.getSnapshot().positionMs).toBe(30);
    vi.useRealTimers();
  });

  test("waits for play when it is told to", () => {
    const theatre = new Theatre({ autoplay: false });
    theatre.store.subscribe(() => undefined);
    theatre.pass(1000);
    expect(theatre.seq).toBe(1);
    theatre.store.play();
    theatre.pass(1000);
    expect(theatre.store.getSnapshot().view.status).toBe("complete");
  });

  test("tells the run's own time", () => {
    const theatre = new Theatre();
    theatre.store.subscribe(() => undefined);
    theatre.pass(40);
    expect(theatre.store.now()).toBe((events[0]?.ts ?? 0) + 40);
  });

  test("of a run whose clock stepped back plays it in order all the same", () => {
    const stepped = events.map((event, at) => (at > 4 ? { ...event, ts: event.ts - 3_600_000 } : event));
    const theatre = new Theatre({ events: stepped });
    theatre.store.subscribe(() => undefined);
    expect(theatre.store.getSnapshot().lengthMs).toBe(40);
    theatre.pass(35);
    expect(theatre.seq).toBe(4);
    theatre.pass(5);
    expect(theatre.store.getSnapshot().view.status).toBe("complete");
  });

  test("of nothing shows nothing, and has ended", () => {
    const { store } = new Theatre({ events: [] });
    store.subscribe(() => undefined);
    expect(store.getSnapshot()).toMatchObject({ lengthMs: 0, playing: false, view: { status: "queued" } });
  });
});

test.each(names)("the recorded run %s can be entered anywhere, in any order", (name) => {
  const recorded = transcript(name);
  const store = createReplayStore({ events: recorded, autoplay: false });
  const { lengthMs } = store.getSnapshot();
  const first = recorded[0]?.ts ?? 0;
  for (const part of [0.9, 0.1, 0.5, 1, 0.35, 0]) {
    store.seek(lengthMs * part);
    const until = recorded.filter(({ ts }) => ts - first <= lengthMs * part);
    const expected = foldAll(opening(recorded[0]?.run_id ?? ""), until);
    expect(plain(store.getSnapshot().view), `at ${part}`).toEqual(plain(expected));
  }
});

test("a transcript is read without the frames that were said about the stream, and without empty lines", () => {
  const lines = [
    '{"type":"stream_open","mode":"live"}',
    ...events.map((event) => JSON.stringify(event)),
    "",
    '{"type":"ping"}',
  ];
  expect(parseTranscript(lines.join("\n"))).toEqual(events);
});
