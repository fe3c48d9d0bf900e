import { describe, expect, test, vi } from "vitest";
import type { LogEvent } from "../../src/core/contract.ts";
import { fold, foldAll } from "../../src/core/fold.ts";
import { opening, type RunView } from "../../src/core/view.ts";
import { frame, message, problem, Server } from "../server.ts";
import { lasting, plain, toSnapshot } from "../shape.ts";
import { goodStory, RUN_ID, story } from "../story.ts";
import { pass, timeStandsStill, watch } from "../watching.ts";

timeStandsStill();

const events = goodStory().events;
const end = plain(foldAll(opening(RUN_ID), events));

function until(count: number): LogEvent[] {
  return events.slice(0, count);
}

describe("a run that is watched", () => {
  test("is shown as its log says it is, to its last word", async () => {
    const watching = watch(new Server([...events]));
    expect(watching.now.connection).toEqual({ status: "connecting" });
    await pass();
    expect(plain(watching.now.view)).toEqual(end);
    expect(watching.now.connection).toEqual({ status: "finished" });
  });

  test("is shown while it goes on", async () => {
    const server = new Server(until(4));
    const watching = watch(server);
    await pass();
    expect(watching.now.view.steps[0]).toMatchObject({ id: "brief", status: "in_progress" });
    expect(watching.now.connection).toEqual({ status: "live" });
    server.say(...events.slice(4));
    await pass();
    expect(watching.now.view.status).toBe("complete");
  });

  test("is connected to by the first who looks and by nobody else", async () => {
    const server = new Server(until(4));
    const watching = watch(server);
    const second = watching.store.subscribe(() => undefined);
    await pass();
    expect(server.asked).toHaveLength(1);
    second();
    await pass(5000);
    expect(server.open).toHaveLength(1);
  });

  test("is let go when the last one has left, and not before somebody else could have come", async () => {
    const server = new Server(until(4));
    const watching = watch(server);
    await pass();
    watching.stop();
    await pass(900);
    expect(server.open).toHaveLength(1);
    await pass(200);
    expect(server.open).toHaveLength(0);
    expect(watching.presence.watched).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("goes on from where it was for those who come back", async () => {
    const server = new Server(until(4));
    const watching = watch(server);
    await pass();
    watching.stop();
    await pass(2000);
    server.say(...events.slice(4));
    watching.store.subscribe(() => undefined);
    await pass();
    expect(server.cursors).toEqual([null, "4"]);
    expect(plain(watching.now.view)).toEqual(end);
  });

  test("is not asked for again once it has ended", async () => {
    const server = new Server([...events]);
    const watching = watch(server);
    await pass();
    watching.stop();
    await pass(2000);
    watching.store.subscribe(() => undefined);
    await pass(5000);
    expect(server.asked).toHaveLength(1);
    expect(watching.now.connection).toEqual({ status: "finished" });
  });

  test("may begin from a view that somebody has", async () => {
    const server = new Server([...events]);
    const view = foldAll(opening(RUN_ID), until(6));
    const watching = watch(server, { view });
    expect(watching.now.view).toBe(view);
    await pass();
    expect(server.cursors).toEqual(["6"]);
    expect(plain(watching.now.view)).toEqual(end);
  });
});

describe("a stream that is", () => {
  test("dropped is taken up where it broke", async () => {
    const server = new Server(until(5));
    const watching = watch(server);
    await pass();
    server.drop();
    await pass(0);
    await pass();
    expect(watching.now.connection).toEqual({ status: "reconnecting", attempt: 1, inMs: 250 });
    expect(watching.now.view.lastSeq).toBe(5);
    server.say(...events.slice(5));
    await pass(250);
    await pass();
    expect(server.cursors).toEqual([null, "5"]);
    expect(plain(watching.now.view)).toEqual(end);
  });

  test("dropped is waited for from the beginning once it had gone on", async () => {
    const server = new Server(until(3));
    const watching = watch(server);
    await pass();
    for (let count = 0; count < 4; count += 1) server.next.push(() => problem(503));
    server.drop();
    await pass(10_000);
    server.say(...events.slice(3, 5));
    await pass();
    server.drop();
    await pass();
    expect(watching.now.connection).toEqual({ status: "reconnecting", attempt: 1, inMs: 250 });
  });

  test("cut without a last word is never a success", async () => {
    const server = new Server(until(events.length - 1));
    const watching = watch(server);
    await pass();
    server.close();
    await pass();
    expect(watching.now.view.status).toBe("running");
    expect(watching.now.connection.status).toBe("reconnecting");
    await pass(60_000);
    expect(watching.now.view.status).toBe("running");
    expect(watching.now.connection.status).toBe("live");
  });

  test("cut in the middle of an event has not brought it", async () => {
    const server = new Server(until(3));
    const watching = watch(server);
    await pass();
    const next = message(events[3] as LogEvent);
    server.raw(next.slice(0, -20));
    server.close();
    await pass();
    expect(watching.now.view.lastSeq).toBe(3);
    server.say(...events.slice(3));
    await pass(1000);
    expect(plain(watching.now.view)).toEqual(end);
  });

  test("doubled by the server is shown once", async () => {
    const server = new Server(until(6));
    const watching = watch(server);
    await pass();
    server.raw(events.slice(2, 6).map(message).join(""));
    server.say(...events.slice(6));
    await pass();
    expect(plain(watching.now.view)).toEqual(end);
    expect(server.asked).toHaveLength(1);
  });

  test("missing an event is asked for again from the last one before it", async () => {
    const server = new Server(until(4));
    const watching = watch(server);
    await pass();
    server.raw(message(events[5] as LogEvent));
    await pass();
    expect(watching.now.view.lastSeq).toBe(4);
    expect(server.open).toHaveLength(0);
    server.say(...events.slice(4));
    await pass(300);
    expect(server.cursors).toEqual([null, "4"]);
    expect(plain(watching.now.view)).toEqual(end);
  });

  test("missing an event each time is asked for ever more slowly", async () => {
    const server = new Server(until(3));
    const watching = watch(server);
    await pass();
    const seven = message(events[6] as LogEvent);
    const broken = (): Response => {
      const response = server.stream(3, undefined, frame("stream_open", { mode: "live" }));
      server.raw(seven);
      return response;
    };
    for (let count = 0; count < 40; count += 1) server.next.push(broken);
    server.drop();
    await pass(30_000);
    expect(server.asked.length).toBeGreaterThan(9);
    expect(server.asked.length).toBeLessThan(18);
    expect(watching.now.view.lastSeq).toBe(3);
  });

  test("not in JSON is asked for again", async () => {
    const server = new Server(until(3));
    const watching = watch(server);
    await pass();
    server.raw("id: 4\ndata: {half\n\n");
    server.say(...events.slice(3));
    await pass(300);
    expect(server.asked).toHaveLength(2);
    expect(plain(watching.now.view)).toEqual(end);
  });

  test("answered with 204 says that there is no more", async () => {
    const server = new Server([...events]);
    const watching = watch(server, { view: { ...foldAll(opening(RUN_ID), events), status: "running" } });
    await pass(300);
    // Nobody had heard the last word: so the whole log is read again.
    expect(server.cursors).toEqual([String(events.length), null]);
    expect(watching.now.view.status).toBe("complete");
    expect(watching.now.connection).toEqual({ status: "finished" });
  });

  test("answered with 204 again and again fails, and does not end the run", async () => {
    const server = new Server();
    for (let count = 0; count < 9; count += 1) server.next.push(() => new Response(null, { status: 204 }));
    const watching = watch(server);
    await pass(10_000);
    expect(watching.now.connection.status).toBe("failed");
    expect(watching.now.view.status).toBe("queued");
    expect(server.asked).toHaveLength(2);
  });

  test("merged for a slow viewer is the same text", async () => {
    const text = story().started("brief").start("brief");
    for (const word of ["One ", "two ", "three ", "four"]) text.writes("brief", word);
    const apart = text.completes("brief").done().events;
    const middle = apart.slice(3, 6);
    const merged = {
      ...apart[5],
      data: { text: "One two three ", tokens: 3, covers: [middle[0]?.seq, 6] },
    } as unknown as LogEvent;
    const server = new Server([...apart.slice(0, 3), merged, ...apart.slice(6)]);
    const watching = watch(server);
    await pass();
    expect(server.asked).toHaveLength(1);
    expect(plain(watching.now.view)).toMatchObject({
      steps: [{ drafts: [{ text: "One two three four", tokens: 4 }] }],
    });
  });
});

describe("a snapshot", () => {
  const half = foldAll(opening(RUN_ID), until(8));

  test("stands for a log that does not go back far enough", async () => {
    const server = new Server([...events]);
    const gap = { requested_after: 2, oldest_seq: 6, tail_seq: 8, reason: "shortened" };
    const first = frame("stream_gap", gap) + frame("snapshot", { tail_seq: 8, run: toSnapshot(half) });
    server.next.push(() => server.stream(8, undefined, first));
    const watching = watch(server, { view: foldAll(opening(RUN_ID), until(2)) });
    await pass();
    expect(lasting(watching.now.view)).toEqual(lasting(foldAll(opening(RUN_ID), events)));
    expect(server.asked).toHaveLength(1);
  });

  test("takes the view back when the server lost what we had seen", async () => {
    const server = new Server(until(8));
    const gap = { requested_after: 12, oldest_seq: 1, tail_seq: 8, reason: "restored" };
    const first = frame("stream_gap", gap) + frame("snapshot", { tail_seq: 8, run: toSnapshot(half) });
    server.next.push(() => server.stream(8, undefined, first));
    const watching = watch(server, { view: foldAll(opening(RUN_ID), until(12)) });
    await pass();
    expect(watching.now.view.lastSeq).toBe(8);
    const other = events.slice(8).map((event) => ({ ...event, message: "another history" }));
    server.say(...other);
    await pass();
    expect(watching.now.view).toMatchObject({ status: "complete", message: "another history" });
  });
});

describe("whatever is between the server and us", () => {
  test.each(["good", "bad"])(
    "a view after a break at any position is the same as without one (%s end)",
    async (kind) => {
      const bad = story()
        .started("brief")
        .start("brief")
        .writes("brief", "A")
        .retries("brief")
        .fails("brief")
        .failed("brief");
      const whole = kind === "good" ? events : bad.events;
      const expected = plain(foldAll(opening(RUN_ID), whole));
      for (let at = 0; at < whole.length; at += 1) {
        const server = new Server(whole.slice(0, at));
        const watching = watch(server);
        await pass();
        server.drop();
        await pass(0);
        server.say(...whole.slice(at));
        await pass(300);
        expect(plain(watching.now.view), `broken after ${at}`).toEqual(expected);
        watching.stop();
      }
    },
  );

  test("a run cancelled at any point ends cancelled, with nothing left turning", async () => {
    for (let at = 1; at < events.length; at += 1) {
      const before = foldAll(opening(RUN_ID), until(at));
      const cut = story();
      cut.events.push(...until(at));
      cut.say("cancel_requested", { by: "api" });
      for (const step of before.steps) if (step.open.length) cut.fails(step.id, { attempt: step.attempt });
      const server = new Server(cut.cancelled().events);
      const watching = watch(server);
      await pass();
      const { view, connection } = watching.now;
      expect(view, `cancelled after ${at}`).toMatchObject({ status: "cancelled", cancelRequested: true });
      expect(connection.status).toBe("finished");
      expect(view.steps.filter((step) => step.open.length || /progress|retrying/.test(step.status))).toEqual([]);
    }
  });

  test("text is never shown twice and never lost when the network breaks again and again", async () => {
    const long = story().started("brief").start("brief");
    for (let word = 0; word < 200; word += 1) long.writes("brief", `${word} `);
    const whole = long.completes("brief").done().events;
    const server = new Server(whole.slice(0, 3));
    const watching = watch(server);
    for (let at = 3; at < whole.length; at += 7) {
      server.say(...whole.slice(at, at + 7));
      await pass(3);
      server.drop();
      await pass(300);
    }
    await pass(300);
    expect(plain(watching.now.view)).toEqual(plain(foldAll(opening(RUN_ID), whole)));
  });
});

describe("a server that", () => {
  test("does not know the run has failed us, and is not asked again", async () => {
    const server = new Server();
    server.next.push(() => problem(404, "There is no such run"));
    const watching = watch(server);
    await pass(10_000);
    expect(watching.now.connection).toMatchObject({ status: "failed", problem: { title: "There is no such run" } });
    expect(watching.now.view.status).toBe("queued");
    expect(server.asked).toHaveLength(1);
  });

  test.each([500, 502, 503, 429])("answers %i for a while is asked until it answers well", async (status) => {
    const server = new Server([...events]);
    for (let count = 0; count < 5; count += 1) server.next.push(() => problem(status));
    const watching = watch(server);
    await pass();
    expect(watching.now.connection).toMatchObject({ status: "reconnecting", attempt: 1 });
    await pass(10_000);
    expect(watching.now.view.status).toBe("complete");
  });

  test("answers with a page of somebody else is asked again", async () => {
    const server = new Server([...events]);
    server.next.push(() => new Response("<h1>Log in</h1>", { headers: { "Content-Type": "text/html" } }));
    const watching = watch(server);
    await pass(500);
    expect(watching.now.view.status).toBe("complete");
  });

  test("does not answer at all is given up after four seconds, then ever later, and asked again", async () => {
    const server = new Server([...events]);
    const times: number[] = [];
    for (let count = 0; count < 6; count += 1) {
      server.next.push(() => {
        times.push(Date.now());
        return new Promise(() => undefined);
      });
    }
    const watching = watch(server);
    await pass(3900);
    expect(server.asked).toHaveLength(1);
    await pass(60_000);
    expect(watching.now.view.status).toBe("complete");
    expect(times.slice(1).map((time, at) => time - (times[at] ?? 0))).toEqual([4250, 6500, 9000, 12_000, 12_800]);
  });

  test("goes silent while a step is at work is left for a new connection, and that is said", async () => {
    const server = new Server(until(4));
    const watching = watch(server);
    for (let count = 0; count < 5; count += 1) {
      await pass(2000);
      server.raw(frame("working", { step: "brief", elapsed_ms: 2000 * count }));
    }
    await pass(3900);
    expect([server.asked.length, watching.now.connection.status]).toEqual([1, "live"]);
    server.next.push(() => new Promise(() => undefined));
    await pass(1000);
    expect([server.asked.length, watching.now.connection.status]).toEqual([2, "reconnecting"]);
    await pass(5000);
    expect([server.asked.length, watching.now.connection.status]).toEqual([3, "live"]);
  });

  test("is always silent, whatever we ask, is asked ever less often", async () => {
    const server = new Server(until(4));
    watch(server);
    await pass(20_000);
    expect(server.asked).toHaveLength(3);
    await pass(180_000);
    expect(server.asked.length).toBeLessThan(10);
  });

  test("goes silent for forty seconds while nothing is at work is left for a new connection", async () => {
    const server = new Server(until(2));
    const watching = watch(server);
    await pass(30_000);
    server.raw(frame("ping", { tail_seq: 2 }));
    await pass(39_000);
    expect(server.asked).toHaveLength(1);
    await pass(3000);
    expect(server.asked).toHaveLength(2);
    expect(watching.now.connection.status).toBe("live");
  });

  test("says what we cannot read has failed us, and says why", async () => {
    const server = new Server([{ ...events[0], seq: 1, type: "run_start", data: {} } as unknown as LogEvent]);
    const watching = watch(server);
    await pass(5000);
    expect(watching.now.connection).toMatchObject({ status: "failed", problem: { type: "/problems/unreadable" } });
    expect(server.asked).toHaveLength(1);
  });
});

describe("a viewer", () => {
  test("sees one update per frame, however much comes", async () => {
    const long = story().started("brief").start("brief");
    for (let word = 0; word < 500; word += 1) long.writes("brief", "word ");
    const drawn: (() => void)[] = [];
    const schedule = (flush: () => void): (() => void) => {
      drawn.push(flush);
      return () => undefined;
    };
    const watching = watch(new Server(long.events), { schedule });
    await pass(100);
    expect(watching.seen).toHaveLength(0);
    expect(drawn).toHaveLength(1);
    drawn[0]?.();
    expect(watching.seen.map(({ view }) => view.lastSeq)).toEqual([long.events.length]);
  });

  test("sees what has not changed as the same object", async () => {
    const server = new Server(until(10));
    const watching = watch(server);
    await pass();
    const before = watching.now.view;
    server.say(...events.slice(10, 12));
    await pass();
    const after = watching.now.view;
    expect(after).not.toBe(before);
    expect(after.steps[0]).toBe(before.steps[0]);
    expect(after.steps[1]).not.toBe(before.steps[1]);
  });

  test("sees that a step is silently at work, until it says something", async () => {
    const server = new Server(until(4));
    const watching = watch(server);
    await pass();
    server.raw(frame("working", { step: "brief", elapsed_ms: 2000, eta_ms: 5000 }));
    await pass();
    expect(watching.now.view.steps[0]?.working).toEqual({ elapsedMs: 2000, etaMs: 5000 });
    expect(watching.now.view.lastSeq).toBe(4);
    server.say(...events.slice(4, 5));
    await pass();
    expect(watching.now.view.steps[0]?.working).toBeUndefined();
  });

  test("whose clock is an hour late still counts durations right", async () => {
    const server = new Server(until(3));
    vi.setSystemTime(Date.now() - 3_600_000);
    const watching = watch(server);
    await pass();
    const step = events[3] as LogEvent;
    server.say(step);
    await pass();
    expect(watching.store.now() - step.ts).toBeLessThan(100);
    await pass(5000);
    expect(watching.store.now() - step.ts).toBeGreaterThan(4900);
    expect(watching.store.now() - step.ts).toBeLessThan(5100);
  });

  test("who comes to a run of last week still sees the right time", async () => {
    vi.setSystemTime(Date.now() + 7 * 24 * 3_600_000);
    const watching = watch(new Server(until(5)));
    await pass();
    expect(watching.store.now()).toBe(Date.now());
  });

  test("who listens twice with the same function hears twice, and leaves one by one", async () => {
    const server = new Server(until(3));
    const watching = watch(server);
    const listener = vi.fn();
    const one = watching.store.subscribe(listener);
    watching.store.subscribe(listener);
    one();
    one();
    await pass();
    expect(listener).toHaveBeenCalledTimes(watching.seen.length);
  });
});

test("events of a type that nobody knows yet pass, and move the cursor", async () => {
  const newer = story().started("brief").say("step_dreamt", { of: "sheep" }, { step: "elsewhere", attempt: 1 });
  const server = new Server(newer.say("run_paid", {}).start("brief").events);
  const watching = watch(server);
  await pass();
  expect(watching.now.view.steps.map(({ id }) => id)).toEqual(["brief"]);
  expect(watching.now.view.lastSeq).toBe(5);
  expect(watching.now.view.steps[0]?.status).toBe("in_progress");
});

test("a view folded one by one equals the view folded at once", () => {
  let view: RunView = opening(RUN_ID);
  for (const event of events) view = fold(view, event);
  expect(plain(view)).toEqual(end);
});
