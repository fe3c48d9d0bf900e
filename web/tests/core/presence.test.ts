import { describe, expect, test, vi } from "vitest";
import { foldAll } from "../../src/core/fold.ts";
import { opening } from "../../src/core/view.ts";
import { Server } from "../server.ts";
import { plain } from "../shape.ts";
import { goodStory, RUN_ID } from "../story.ts";
import { pass, timeStandsStill, watch } from "../watching.ts";

timeStandsStill();

const events = goodStory().events;
const end = plain(foldAll(opening(RUN_ID), events));

/** A network that is gone: nothing answers, and what was open breaks. */
function unplug(server: Server): () => void {
  const gone = { is: true };
  const refuse = (): Promise<Response> =>
    gone.is ? Promise.reject(new TypeError("Failed to fetch")) : server.fetch(`/api/runs/${RUN_ID}/events`);
  for (let count = 0; count < 100; count += 1) server.next.push(refuse);
  server.drop();
  return () => {
    gone.is = false;
    server.next.length = 0;
  };
}

describe("a browser that is offline", () => {
  test("is shown as such, and comes back at once when it is online", async () => {
    const server = new Server(events.slice(0, 5));
    const watching = watch(server);
    await pass();
    const plug = unplug(server);
    watching.presence.becomes("offline");
    await pass(5000);
    expect(watching.now.connection).toEqual({ status: "offline" });
    plug();
    server.log.push(...events.slice(5));
    watching.presence.becomes("online");
    await pass(50);
    expect(plain(watching.now.view)).toEqual(end);
    expect(watching.now.connection).toEqual({ status: "finished" });
  });

  test("tries on all the same: the server may be on this machine", async () => {
    const server = new Server(events.slice(0, 5));
    const watching = watch(server);
    await pass();
    watching.presence.becomes("offline");
    server.drop();
    server.log.push(...events.slice(5));
    await pass(500);
    expect(watching.now.view.status).toBe("complete");
  });

  test("is live again as soon as something comes, whatever the browser says", async () => {
    const server = new Server(events.slice(0, 5));
    const watching = watch(server);
    await pass();
    watching.presence.becomes("offline");
    await pass();
    server.say(...events.slice(5, 6));
    await pass(500);
    expect(watching.now.connection, "what was on its way says nothing").toEqual({ status: "offline" });
    await pass(1000);
    server.say(...events.slice(6, 7));
    await pass();
    expect(watching.now.connection).toEqual({ status: "live" });
  });

  test("never waits three seconds for its next try, however long it lasts", async () => {
    const server = new Server(events.slice(0, 5));
    const watching = watch(server);
    await pass();
    const times: number[] = [];
    for (let count = 0; count < 200; count += 1) {
      server.next.push(() => {
        times.push(Date.now());
        return Promise.reject(new TypeError("Failed to fetch"));
      });
    }
    server.drop();
    await pass(120_000);
    const waits = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(Math.max(...waits)).toBeLessThan(3000);
    expect(times.length).toBeGreaterThan(40);
    expect(watching.now.connection).toMatchObject({ status: "reconnecting", inMs: 2800 });
  });
});

describe("a page that was away", () => {
  test("asks anew when it is shown again after a long silence, and shows the same within a second", async () => {
    const server = new Server(events.slice(0, 5));
    const watching = watch(server);
    await pass();
    watching.presence.becomes("hidden");
    await pass(30_000);
    // Nothing of this reaches the old connection.
    server.log.push(...events.slice(5));
    watching.presence.becomes("shown");
    await pass(100);
    expect(server.cursors).toEqual([null, "5"]);
    expect(plain(watching.now.view)).toEqual(end);
  });

  test("keeps a connection that has just been heard of", async () => {
    const server = new Server(events.slice(0, 2));
    const watching = watch(server);
    await pass();
    watching.presence.becomes("hidden");
    await pass(3000);
    watching.presence.becomes("shown");
    await pass(3000);
    expect(server.asked).toHaveLength(1);
  });

  test("does not wait for its turn when it is shown while it is waiting", async () => {
    const server = new Server(events.slice(0, 5));
    const watching = watch(server);
    await pass();
    const plug = unplug(server);
    await pass(10_000);
    plug();
    server.log.push(...events.slice(5));
    watching.presence.becomes("shown");
    await pass(50);
    expect(watching.now.view.status).toBe("complete");
  });

  test("with its whole machine, which slept, notices by the clock", async () => {
    const server = new Server(events.slice(0, 5));
    const watching = watch(server);
    await pass();
    server.log.push(...events.slice(5));
    vi.setSystemTime(Date.now() + 10_000);
    await pass(1100);
    expect(server.cursors).toEqual([null, "5"]);
    expect(plain(watching.now.view)).toEqual(end);
  });
});

test("a person who cannot wait connects anew at once", async () => {
  const server = new Server(events.slice(0, 5));
  const watching = watch(server);
  await pass();
  const plug = unplug(server);
  await pass(10_000);
  plug();
  watching.store.reconnect();
  await pass(50);
  expect(watching.now.connection).toEqual({ status: "live" });
});
