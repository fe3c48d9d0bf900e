import { describe, expect, test, vi } from "vitest";
import { ApiError, NoAnswer } from "../../src/core/errors.ts";
import { createHttp } from "../../src/core/http.ts";
import { json, problem, Server } from "../server.ts";
import { goodStory } from "../story.ts";
import { pass, timeStandsStill, watch } from "../watching.ts";

timeStandsStill();

/** A server that knows one token. */
function guarded(token: string): Server {
  const server = new Server(goodStory().events);
  const fetch = server.fetch;
  server.fetch = (input, init) => {
    const given = new Headers(init?.headers).get("Authorization");
    if (given !== `Bearer ${token}`) server.next.unshift(() => problem(401, "A valid token is needed"));
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
