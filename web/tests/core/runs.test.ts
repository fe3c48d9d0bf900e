import { afterEach, describe, expect, test } from "vitest";
import { createRunsStore, type RunsState, type RunsStore, type RunsStoreOptions } from "../../src/core/runs.ts";
import { ListServer, run } from "../list-server.ts";
import { TestPresence } from "../page.ts";
import { frame, json, problem } from "../server.ts";
import { pass, timeStandsStill } from "../watching.ts";

timeStandsStill();

const open: (() => void)[] = [];
afterEach(() => {
  for (const stop of open.splice(0)) stop();
});

function list(server: ListServer, options: Partial<RunsStoreOptions> = {}): { store: RunsStore; now: () => RunsState } {
  const presence = new TestPresence();
  const store = createRunsStore({ fetch: server.fetch, presence, random: () => 1, pageSize: 2, ...options });
  open.push(store.subscribe(() => undefined));
  return { store, now: store.getSnapshot };
}

/** Retention has removed a run. */
function left(id: number): string {
  return frame("run_left", { cursor: 50 + id, run_id: run(id).run_id, status: "gone" });
}

function ids(state: RunsState): number[] {
  return state.runs.map(({ runId }) => Number(runId.slice(-12)));
}

describe("the list of runs", () => {
  test("is the first page, newest first, until older ones are asked for", async () => {
    const server = new ListServer([5, 4, 3, 2, 1].map((id) => run(id)));
    const { store, now } = list(server);
    expect(now()).toMatchObject({ loaded: false, runs: [] });
    await pass();
    expect([ids(now()), now().more, now().loaded]).toEqual([[5, 4], true, true]);
    await store.loadMore();
    await pass();
    expect([ids(now()), now().more]).toEqual([[5, 4, 3, 2], true]);
    await store.loadMore();
    await store.loadMore();
    await pass();
    expect([ids(now()), now().more]).toEqual([[5, 4, 3, 2, 1], false]);
  });

  test("shows runs that begin and change", async () => {
    const server = new ListServer([run(1)]);
    const { now } = list(server);
    await pass();
    server.change(10, run(2));
    server.change(11, run(1, 7, { status: "complete", progress: 100 }));
    await pass();
    expect(now().runs.map(({ status, lastSeq }) => [status, lastSeq])).toEqual([
      ["queued", 1],
      ["complete", 7],
    ]);
  });

  test("never goes back to an older state of a run", async () => {
    const server = new ListServer([run(1, 9, { status: "complete" })]);
    const { now } = list(server);
    await pass();
    server.change(4, run(1, 3, { status: "running" }));
    await pass();
    expect(now().runs[0]).toMatchObject({ status: "complete", lastSeq: 9 });
  });

  test("leaves out what its filter does not want, also when a run becomes so", async () => {
    const server = new ListServer([run(2, 1, { status: "running" }), run(1, 1, { status: "complete" })]);
    const { now } = list(server, { filter: { status: "running" } });
    await pass();
    expect(ids(now())).toEqual([2]);
    server.change(5, run(3, 1, { status: "running" }));
    server.change(6, run(2, 8, { status: "complete" }));
    await pass();
    expect(ids(now())).toEqual([3]);
    expect(server.pages[0]).toBe("/api/runs?status=running&limit=2");
  });

  test("does not show an old run before its page is there", async () => {
    const server = new ListServer([5, 4, 3, 2, 1].map((id) => run(id)));
    const { store, now } = list(server);
    await pass();
    server.change(10, run(1, 8));
    await pass();
    expect(ids(now())).toEqual([5, 4]);
    server.runs = [5, 4, 3, 2].map((id) => run(id)).concat(run(1, 8));
    await store.loadMore();
    await store.loadMore();
    await pass();
    expect(now().runs.at(-1)?.lastSeq).toBe(8);
  });

  test("begins where its page ends: nothing is missed between them, and nothing is asked for twice", async () => {
    const server = new ListServer([run(1)]);
    list(server);
    await pass();
    expect([server.pages.length, server.from]).toEqual([1, ["3"]]);
  });

  test("goes on from the beginning where nothing has ever been started", async () => {
    const server = new ListServer([]);
    server.cursor = 0;
    const { now } = list(server);
    await pass();
    server.change(1, run(1));
    await pass();
    expect([ids(now()), server.from]).toEqual([[1], ["0"]]);
  });

  test("goes on from its cursor after a break, and does not load the page again", async () => {
    const server = new ListServer([run(1)]);
    const { now } = list(server);
    await pass();
    server.change(10, run(2));
    await pass();
    server.drop();
    await pass(300);
    server.change(12, run(3));
    await pass();
    expect([server.from, server.pages.length]).toEqual([["3", "10"], 1]);
    expect(ids(now())).toEqual([3, 2, 1]);
  });

  test("is loaded anew when the server does not remember the cursor", async () => {
    const server = new ListServer([run(1)]);
    const { now } = list(server);
    await pass();
    server.change(10, run(2));
    await pass();
    server.runs = [run(4), run(3)];
    server.cursor = 7;
    server.raw(frame("stream_gap", { requested_after: 10, oldest_seq: 1, tail_seq: 7, reason: "restored" }));
    await pass(300);
    expect([ids(now()), server.from]).toEqual([
      [4, 3],
      ["3", "7"],
    ]);
  });

  test("drops a run that was removed, and goes on from where it was", async () => {
    const server = new ListServer([3, 2, 1].map((id) => run(id)));
    const { store, now } = list(server, { pageSize: 3 });
    await pass();
    server.raw(left(2));
    await pass();
    expect(ids(now())).toEqual([3, 1]);
    server.raw(left(2) + left(9));
    server.change(8, run(4));
    await pass();
    expect(ids(now())).toEqual([4, 3, 1]);
    server.drop();
    await pass(300);
    // What it said of runs that are gone says nothing of where the feed is.
    expect([server.from, server.pages.length]).toEqual([["3", "8"], 1]);
    store.reconnect();
  });

  test("does not show a run again that was removed while its page was on its way", async () => {
    const server = new ListServer([3, 2, 1].map((id) => run(id)));
    const { store, now } = list(server);
    await pass();
    let deliver = (): void => undefined;
    const late = json({ runs: [run(1)], cursor: 3 });
    server.next.push(() => new Promise<Response>((resolve) => (deliver = () => resolve(late))));
    const more = store.loadMore();
    await pass();
    server.raw(left(1));
    await pass();
    deliver();
    await more;
    await pass();
    expect(ids(now())).toEqual([3, 2]);
  });

  test("holds what changed while an older page was on its way", async () => {
    const server = new ListServer([3, 2, 1].map((id) => run(id)));
    const { store, now } = list(server);
    await pass();
    let deliver = (): void => undefined;
    const late = json({ runs: [run(1, 1)], cursor: 3 });
    server.next.push(() => new Promise<Response>((resolve) => (deliver = () => resolve(late))));
    const more = store.loadMore();
    await pass();
    expect(now().loadingMore).toBe(true);
    server.change(20, run(1, 6, { status: "running" }));
    await pass();
    deliver();
    await more;
    await pass();
    expect(now().runs.map(({ lastSeq }) => lastSeq)).toEqual([1, 1, 6]);
    expect(now().loadingMore).toBe(false);
  });

  test("asked for older ones twice at once, loads one page", async () => {
    const server = new ListServer([5, 4, 3, 2, 1].map((id) => run(id)));
    const { store, now } = list(server);
    await pass();
    await Promise.all([store.loadMore(), store.loadMore()]);
    await pass();
    expect([ids(now()), server.pages.length]).toEqual([[5, 4, 3, 2], 2]);
  });

  test("leaves out a pipeline, and looks on where a page has nothing else", async () => {
    const refine = { pipeline: "refine" };
    const server = new ListServer([run(6, 1, refine), run(5, 1, refine), run(4, 1, refine), run(3), run(2), run(1)]);
    const { store, now } = list(server, { filter: { without: "refine" } });
    await pass();
    expect([ids(now()), now().more, server.pages.length]).toEqual([[3], true, 2]);
    server.change(9, run(7, 1, refine));
    server.change(10, run(8));
    await store.loadMore();
    await pass();
    expect(ids(now())).toEqual([8, 3, 2, 1]);
    expect(server.pages.every((path) => !path.includes("without"))).toBe(true);
  });

  test("keeps so many runs, however many begin; the others are on their page", async () => {
    const server = new ListServer([3, 2, 1].map((id) => run(id)));
    const { store, now } = list(server, { room: 3 });
    await pass();
    for (let id = 4; id < 20; id += 1) server.change(id, run(id));
    server.runs = Array.from({ length: 19 }, (_, at) => run(19 - at));
    await pass();
    expect([ids(now()), now().more]).toEqual([[19, 18, 17], true]);
    await store.loadMore();
    await pass();
    expect(ids(now())).toEqual([19, 18, 17, 16, 15]);
  });

  test("says why it could not be loaded, and is loaded when the server is back", async () => {
    const server = new ListServer([run(1)]);
    server.refuse = true;
    const { now } = list(server);
    await pass();
    expect(now()).toMatchObject({ loaded: false, problem: { title: "The store does not answer" } });
    server.refuse = false;
    await pass(500);
    expect(now()).toMatchObject({ loaded: true, problem: undefined });
    expect(ids(now())).toEqual([1]);
  });

  test("is there without live changes where a server has none", async () => {
    const server = new ListServer([run(1)]);
    server.routes.set("/api/runs/events", () => problem(404, "There is nothing here"));
    const { now } = list(server);
    await pass();
    expect(ids(now())).toEqual([1]);
    expect(now().connection.status).toBe("failed");
  });
});
