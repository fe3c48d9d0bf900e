import { describe, expect, test, vi } from "vitest";
import { ApiError, NoAnswer } from "../../src/core/errors.ts";
import { createHttp } from "../../src/core/http.ts";
import { makeRunToken } from "../../src/core/run-token.ts";
import { json, problem, Server } from "../server.ts";
import { goodStory, RUN_ID } from "../story.ts";
import { pass, timeStandsStill, watch } from "../watching.ts";

timeStandsStill();

/** A server that knows one token, which may become another one. */
function guarded(token: string): Server & { token: string } {
  const server = Object.assign(new Server(goodStory().events), { token });
  const fetch = server.fetch;
  server.fetch = (input, init) => {
    const given = new Headers(init?.headers).get("Authorization");
    if (given !== `Bearer ${server.token}`) server.next.unshift(() => problem(401, "A valid token is needed"));
    return fetch(input, init);
  };
  return server;
}

describe("a token", () => {
  test("goes with every request", async () => {
    const server = guarded("secret");
    const watching = watch(server, { token: "secret" });
    await pass();
    expect(watching.now.view.status).toBe("complete");
  });

  test("is asked for when the server wants one, and the run goes on with it", async () => {
    const server = guarded("secret");
    const onUnauthorized = vi.fn(async () => "secret");
    const watching = watch(server, { onUnauthorized });
    await pass();
    expect(onUnauthorized).toHaveBeenCalledWith(expect.objectContaining({ title: "A valid token is needed" }));
    expect(watching.now.view.status).toBe("complete");
  });

  test("that nobody gives leaves the connection failed, and the run as it is", async () => {
    const server = guarded("secret");
    const watching = watch(server, { onUnauthorized: () => undefined });
    await pass(10_000);
    expect(watching.now.connection).toMatchObject({ status: "failed", problem: { status: 401 } });
    expect(watching.now.view.status).toBe("queued");
    expect(server.asked).toHaveLength(1);
  });

  test("that was not given at first may be given later, for a person who tries again", async () => {
    const server = guarded("secret");
    const given = [undefined, "secret"];
    const watching = watch(server, { onUnauthorized: () => given.shift() });
    await pass(1000);
    expect(watching.now.connection.status).toBe("failed");
    watching.store.reconnect();
    await pass();
    expect(watching.now.connection).toEqual({ status: "finished" });
    expect(watching.now.view.status).toBe("complete");
  });

  test("is asked for once, for however many requests were refused", async () => {
    const server = guarded("secret");
    server.routes.set("/api/pipelines", () => json([]));
    let give = (_: string): void => undefined;
    const onUnauthorized = vi.fn(() => new Promise<string>((resolve) => (give = resolve)));
    const http = createHttp({ fetch: server.fetch, onUnauthorized });
    const asking = Promise.all([http("/api/pipelines"), http("/api/pipelines"), http("/api/pipelines")]);
    await pass();
    give("secret");
    expect((await asking).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
  });

  test("that has come meanwhile is used by who was refused with the old one", async () => {
    const server = new Server();
    server.routes.set("/api/pipelines", ({ headers }) =>
      headers.get("Authorization") === "Bearer secret" ? json([]) : problem(401),
    );
    const onUnauthorized = vi.fn(() => "secret");
    const http = createHttp({ fetch: server.fetch, onUnauthorized });
    let refuse = (): void => undefined;
    server.next.push(() => new Promise((resolve) => (refuse = () => resolve(problem(401)))));
    const late = http("/api/pipelines");
    await http("/api/pipelines");
    refuse();
    expect((await late).status).toBe(200);
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
  });

  test("that is wrong is asked for again", async () => {
    const server = guarded("secret");
    const given = ["wrong", "secret"];
    const watching = watch(server, { onUnauthorized: () => given.shift() });
    await pass();
    expect(given).toEqual([]);
    expect(watching.now.view.status).toBe("complete");
  });

  test("may take its time: the person who fetches it from another tab is not asked twice", async () => {
    const server = guarded("secret");
    let give = (_: string): void => undefined;
    const onUnauthorized = vi.fn(() => new Promise<string>((resolve) => (give = resolve)));
    const watching = watch(server, { onUnauthorized });
    await pass(20_000);
    watching.presence.becomes("hidden");
    await pass(60_000);
    watching.presence.becomes("shown");
    await pass(1000);
    give("secret");
    await pass(1000);
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
    expect(watching.now.view.status).toBe("complete");
  });
});

describe("the way to a token", () => {
  test("is gone once, before anything is asked", async () => {
    const server = guarded("one");
    const token = vi.fn(async () => "one");
    const watching = watch(server, { token });
    await pass();
    expect(watching.now.view.status).toBe("complete");
    expect([token.mock.calls.length, server.asked.length]).toEqual([1, 1]);
  });

  test("is gone again for a fresh one when a stream is to be opened anew, which goes on from where it was", async () => {
    const story = goodStory().events;
    const server = guarded("one");
    server.log = story.slice(0, 5);
    const watching = watch(server, { token: async () => server.token });
    await pass();
    expect(watching.now.view.lastSeq).toBe(5);
    server.token = "two";
    server.log = story;
    server.drop();
    await pass(300);
    expect(watching.now.view.status).toBe("complete");
    expect(server.asked.map(({ headers }) => [headers.get("Authorization"), headers.get("Last-Event-ID")])).toEqual([
      ["Bearer one", null],
      ["Bearer one", "5"],
      ["Bearer two", "5"],
    ]);
  });

  test("leads nowhere when what it gives is refused at once: that is said, and not tried for ever", async () => {
    const server = guarded("another");
    const token = vi.fn(async () => "wrong");
    const watching = watch(server, { token });
    await pass(10_000);
    expect(watching.now.connection).toMatchObject({ status: "failed", problem: { status: 401 } });
    expect([token.mock.calls.length, server.asked.length]).toEqual([2, 2]);
  });

  test("may be closed for a while: it is tried again like the API itself", async () => {
    const server = guarded("secret");
    const broken = (): Promise<string> => Promise.reject(new TypeError("Failed to fetch"));
    const silent = (): Promise<string> => new Promise(() => undefined);
    const ways = [broken, silent, async () => "secret"];
    const watching = watch(server, { token: () => (ways.shift() ?? broken)() });
    await pass();
    expect(watching.now.connection).toMatchObject({ status: "reconnecting", attempt: 1 });
    expect(server.asked).toEqual([]);
    await pass(12_000);
    expect(watching.now.view.status).toBe("complete");
  });

  test("is gone once for all who were refused together", async () => {
    const server = guarded("two");
    server.routes.set("/api/pipelines", () => json([]));
    const given = ["one", "two", "three"];
    const token = vi.fn(async () => given.shift() ?? "");
    const http = createHttp({ fetch: server.fetch, token });
    const asking = await Promise.all([http("/api/pipelines"), http("/api/pipelines")]);
    expect(asking.map(({ status }) => status)).toEqual([200, 200]);
    expect(given).toEqual(["three"]);
  });
});

describe("a token for one run", () => {
  test("is made with one that may read all", async () => {
    const server = new Server();
    server.routes.set(`/api/runs/${RUN_ID}/token`, () => json({ token: "a.b.c", expires_at: 900_000 }));
    const http = createHttp({ fetch: server.fetch, token: "secret" });
    expect(await makeRunToken(http, RUN_ID)).toEqual({ token: "a.b.c", expiresAt: 900_000 });
    const [asked] = server.asked;
    expect([asked?.method, asked?.headers.get("Authorization")]).toEqual(["POST", "Bearer secret"]);
  });
});

test("that nothing has changed is an answer", async () => {
  const server = new Server();
  server.next.push(() => new Response(null, { status: 304 }));
  expect((await createHttp({ fetch: server.fetch })("/api/runs")).status).toBe(304);
});

describe("what goes wrong", () => {
  test("is the server's problem in its own words", async () => {
    const server = new Server();
    const errors = [{ pointer: "/input/current_state", detail: "is empty" }];
    server.next.push(() => problem(422, "The input is not valid", { errors }));
    const error = await createHttp({ fetch: server.fetch })("/api/runs").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, passing: false, problem: { title: "The input is not valid", errors } });
  });

  test("says how long the server wants to be left alone", async () => {
    const server = new Server();
    server.next.push(() => new Response("busy", { status: 503, headers: { "Retry-After": "4" } }));
    const error = await createHttp({ fetch: server.fetch })("/api/runs").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ status: 503, passing: true, retryAfterMs: 4000, problem: { type: "about:blank" } });
  });

  test("is no answer, when nobody is there", async () => {
    const http = createHttp({ fetch: () => Promise.reject(new TypeError("Failed to fetch")) });
    await expect(http("/api/runs")).rejects.toBeInstanceOf(NoAnswer);
  });

  test("is what the caller meant, when the caller gave up", async () => {
    const server = new Server();
    server.next.push(() => new Promise(() => undefined));
    const giveUp = new AbortController();
    const asking = createHttp({ fetch: server.fetch })("/api/runs", { signal: giveUp.signal });
    giveUp.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
  });
});
