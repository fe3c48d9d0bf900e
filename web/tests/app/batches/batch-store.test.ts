import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type BatchStore, createBatchStore } from "../../../src/app/batches/batch-store.ts";
import { chosen, reasonsOf } from "../../../src/app/batches/items.ts";
import { createHttp } from "../../../src/core/http.ts";
import { TestPresence } from "../../page.ts";
import { frame, problem } from "../../server.ts";
import { BATCH_ID, BatchServer, BatchStory, body, counts } from "./batch-server.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function watch(server: BatchServer): Promise<BatchStore> {
  const http = createHttp({ fetch: server.fetch });
  const store = createBatchStore({
    http,
    batchId: BATCH_ID,
    presence: new TestPresence(),
    random: () => 1,
    schedule: (act) => {
      act();
      return () => undefined;
    },
  });
  store.subscribe(() => undefined);
  await settle();
  return store;
}

async function settle(ms = 20): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

function keys(store: BatchStore): string[] {
  return [...store.getSnapshot().items.byKey.keys()];
}

describe("a batch that is watched", () => {
  test("is what the API says of it, with the items that its log tells", async () => {
    const told = new BatchStory(3).item("a", { skipped: true }).fails("b/~").tells();
    const server = new BatchServer(
      told.events,
      body({ tail_seq: 6, counts: counts({ waiting: 1, complete: 1, failed: 1 }) }),
    );
    const store = await watch(server);
    const { batch, items, reading, connection } = store.getSnapshot();
    expect([batch?.name, batch?.counts?.failed, reading, connection.status]).toEqual(["portfolio", 1, false, "live"]);
    expect([...items.byKey.values()].map(({ key, status, skipped, runId }) => [key, status, skipped, runId])).toEqual([
      ["a", "complete", true, "run-a"],
      ["b/~", "error", false, "run-b/~"],
    ]);
  });

  test("does not go back to what it was while its log is read", async () => {
    const told = new BatchStory(3).tells().item("a").tells().item("b").tells();
    const now = body({ tail_seq: told.events.length, counts: counts({ waiting: 1, complete: 2 }), progress: 66 });
    const server = new BatchServer(told.events.slice(0, 5), now);
    const store = await watch(server);
    expect(store.getSnapshot()).toMatchObject({ batch: { counts: { complete: 2 }, progress: 66 } });
    server.say(...told.events.slice(5));
    await settle();
    expect([store.getSnapshot().batch?.counts?.complete, keys(store)]).toEqual([2, ["a", "b"]]);
  });

  test("moves with its log, to its last word", async () => {
    const told = new BatchStory(2);
    const server = new BatchServer([...told.events]);
    const store = await watch(server);
    server.say(...told.item("a").tells("waits for the minute to pass").events.slice(3));
    await settle();
    expect(store.getSnapshot().batch).toMatchObject({
      counts: { waiting: 1, complete: 1 },
      message: "waits for the minute to pass",
      eta: { ms: 60_000 },
    });
    server.say(...told.item("b").tells().story.done({}).events.slice(5));
    await settle();
    const { batch, connection } = store.getSnapshot();
    expect([batch?.status, batch?.progress, batch?.eta, connection.status]).toEqual([
      "complete",
      100,
      undefined,
      "finished",
    ]);
  });

  test("that is cancelled counts what was left as cancelled", async () => {
    const told = new BatchStory(3, 2).item("a").tells();
    const now = counts({ waiting: 2, running: 2, complete: 1 });
    const server = new BatchServer([...told.events], body({ tail_seq: told.events.length, counts: now }));
    const store = await watch(server);
    server.say(
      ...told.story
        .say("cancel_requested")
        .cancelled()
        .events.slice(told.events.length - 2),
    );
    await settle();
    expect(store.getSnapshot().batch).toMatchObject({
      status: "cancelled",
      cancelRequested: true,
      counts: { total: 5, waiting: 0, running: 0, complete: 1, cancelled: 4 },
    });
  });

  test("is taken up where it was when its stream breaks, and nothing is there twice", async () => {
    const told = new BatchStory(3).item("a").tells();
    const server = new BatchServer([...told.events]);
    const store = await watch(server);
    server.drop();
    await settle(4000);
    server.say(...told.item("b").tells().events.slice(5));
    await settle();
    expect(keys(store)).toEqual(["a", "b"]);
    expect(server.cursors.filter((cursor) => cursor !== null)).toEqual(["5"]);
    expect(server.sent("GET", `/api/batches/${BATCH_ID}`)).toBe(1);
  });

  test("asks again for what is missing between two events", async () => {
    const told = new BatchStory(3).item("a").tells().item("b").tells();
    const server = new BatchServer(told.events.slice(0, 4));
    const store = await watch(server);
    server.raw(`id: 6\ndata: ${JSON.stringify(told.events[5])}\n\n`);
    server.log.push(...told.events.slice(4));
    await settle(4000);
    expect([keys(store), server.cursors.at(-1)]).toEqual([["a", "b"], "4"]);
  });

  test("is read anew when our cursor is of another history", async () => {
    const server = new BatchServer([...new BatchStory(3).item("a").item("b").tells().events]);
    const store = await watch(server);
    const other = new BatchStory(3).item("c").tells();
    server.log = [...other.events];
    server.raw(frame("stream_gap", { requested_after: 6, oldest_seq: 1, tail_seq: 5, reason: "ahead" }));
    await settle(4000);
    expect(keys(store)).toEqual(["c"]);
  });

  test("tells an item that is told again once, as it was told last", async () => {
    const told = new BatchStory(3).fails("a").item("b").item("a");
    const store = await watch(new BatchServer(told.events));
    expect([...store.getSnapshot().items.byKey.values()].map(({ key, status }) => [key, status])).toEqual([
      ["b", "complete"],
      ["a", "complete"],
    ]);
  });

  test("takes what the log does not tell from the API, and nothing that is older than the log", async () => {
    const told = new BatchStory(2).item("a").tells();
    const server = new BatchServer([...told.events]);
    const store = await watch(server);
    server.told = body({ tail_seq: 3, cost_usd: 0.5, forks: ["another"] });
    await store.refresh();
    expect(store.getSnapshot().batch).toMatchObject({ costUsd: 0.5, forks: ["another"], counts: { waiting: 4 } });
    server.say(...told.item("b").tells().events.slice(5));
    await settle();
    server.told = body({ tail_seq: 5, cost_usd: 0.6 });
    await store.refresh();
    expect(store.getSnapshot().batch).toMatchObject({ costUsd: 0.6, counts: { complete: 2 }, forks: [] });
  });

  test("that is not there says why", async () => {
    const server = new BatchServer([]);
    server.routes.set(`/api/batches/${BATCH_ID}`, () => problem(404, "No batch", { type: "/problems/unknown-batch" }));
    const store = await watch(server);
    expect(store.getSnapshot().connection).toMatchObject({
      status: "failed",
      problem: { type: "/problems/unknown-batch" },
    });
  });

  test("of ten thousand items is read in a moment", async () => {
    const told = new BatchStory(10_000);
    for (let at = 0; at < 10_000; at += 1) told.item(`key-${at}`);
    const server = new BatchServer(told.tells().events);
    const began = performance.now();
    const store = await watch(server);
    expect(store.getSnapshot().items.byKey.size).toBe(10_000);
    // In a loop over all that is there already for each that comes, it would be a minute.
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe("items", () => {
  const told = new BatchStory(6).item("a").fails("Bee").item("c", { skipped: true }).fails("d", "No answer").fails("e");
  const all = async () => (await watch(new BatchServer(told.events))).getSnapshot().items;

  test("that failed are the first, each kind in the order in which they ended", async () => {
    expect(chosen(await all(), "all", "").map(({ key }) => key)).toEqual(["Bee", "d", "e", "a", "c"]);
  });

  test("are found by what they are and what they are called", async () => {
    const items = await all();
    expect(chosen(items, "failed", "").map(({ key }) => key)).toEqual(["Bee", "d", "e"]);
    expect(chosen(items, "skipped", "").map(({ key }) => key)).toEqual(["c"]);
    expect(chosen(items, "all", " bE ").map(({ key }) => key)).toEqual(["Bee"]);
  });

  test("have reasons, of which the most frequent is the first", async () => {
    expect(reasonsOf(await all())).toEqual([
      { title: "The framework breaks its bounds", detail: "In two places.", items: 2 },
      { title: "No answer", detail: "In two places.", items: 1 },
    ]);
  });
});
