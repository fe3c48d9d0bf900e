import { expect, test } from "vitest";
import { createClient } from "../../src/core/client.ts";
import { foldAll } from "../../src/core/fold.ts";
import { opening } from "../../src/core/view.ts";
import { json, problem, Server } from "../server.ts";
import { lasting, toSnapshot } from "../shape.ts";
import { goodStory, RUN_ID } from "../story.ts";

const events = goodStory().events;

test("a run is started with its input and its key, and known by its id", async () => {
  const server = new Server();
  server.routes.set("/api/runs", () => json({ run_id: RUN_ID, events_url: "" }, 202));
  const { api } = createClient({ fetch: server.fetch });
  expect(await api.startRun("vision_framework", { company_name: "Ours" }, { idempotencyKey: "k1" })).toBe(RUN_ID);
  const [asked] = server.asked;
  expect(asked).toMatchObject({ method: "POST", path: "/api/runs" });
  expect(JSON.parse(asked?.body ?? "")).toEqual({ pipeline: "vision_framework", input: { company_name: "Ours" } });
  expect(asked?.headers.get("Idempotency-Key")).toBe("k1");
  expect(asked?.headers.get("Content-Type")).toBe("application/json");
});

test("refining is a run of its own pipeline", async () => {
  const server = new Server();
  server.routes.set("/api/runs", () => json({ run_id: RUN_ID, events_url: "" }, 202));
  await createClient({ fetch: server.fetch }).api.refine({ section: "vision", action: "add_detail" });
  expect(JSON.parse(server.asked[0]?.body ?? "")).toMatchObject({ pipeline: "refine", input: { section: "vision" } });
});

test("a run that is asked for is the view of its snapshot", async () => {
  const server = new Server();
  const view = foldAll(opening(RUN_ID), events);
  server.routes.set(`/api/runs/${RUN_ID}`, () => json(toSnapshot(view)));
  const got = await createClient({ baseUrl: "", fetch: server.fetch }).api.getRun(RUN_ID);
  expect(lasting(got)).toEqual(lasting(view));
});

test("cancelling says what the run is now, and that it had ended before is a problem", async () => {
  const server = new Server();
  server.routes.set(`/api/runs/${RUN_ID}/cancel`, () => json({ run_id: RUN_ID, status: "running" }, 202));
  const { api } = createClient({ fetch: server.fetch });
  expect(await api.cancelRun(RUN_ID)).toBe("running");
  expect(server.asked[0]).toMatchObject({ method: "POST", body: undefined });
  server.next.push(() => problem(409, "The run has already ended"));
  await expect(api.cancelRun(RUN_ID)).rejects.toMatchObject({ status: 409, message: /already ended/ });
});

test("an answer goes to its question, null too, and what is wrong with it comes back with its places", async () => {
  const server = new Server();
  const place = `/api/runs/${RUN_ID}/inputs/wish-1`;
  server.routes.set(place, () => json({ run_id: RUN_ID, status: "waiting" }, 202));
  const { api } = createClient({ fetch: server.fetch });
  expect(await api.answerInput(RUN_ID, "wish-1", { season: "spring" })).toBe("waiting");
  expect(await api.answerInput(RUN_ID, "wish-1", null)).toBe("waiting");
  expect(server.asked.map(({ body }) => body)).toEqual(['{"value":{"season":"spring"}}', '{"value":null}']);
  const errors = [{ pointer: "/value/season", detail: "It is missing." }];
  server.next.push(() => problem(422, "The input is not valid", { errors }));
  await expect(api.answerInput(RUN_ID, "wish-1", {})).rejects.toMatchObject({ status: 422, problem: { errors } });
});

test("an id is never more than one part of an address", async () => {
  const server = new Server();
  server.routes.set("/api/runs/..%2Fx", () => problem(404));
  await expect(createClient({ fetch: server.fetch }).api.getRun("../x")).rejects.toMatchObject({ status: 404 });
});

test("a transcript is the run's log", async () => {
  const server = new Server();
  const lines = ['{"type":"stream_open"}', ...events.map((event) => JSON.stringify(event))].join("\n");
  server.routes.set(`/api/runs/${RUN_ID}/events`, () => new Response(lines));
  expect(await createClient({ fetch: server.fetch }).api.transcript(RUN_ID)).toEqual(events);
  expect(server.asked[0]?.headers.get("Accept")).toBe("application/x-ndjson");
});

test("all who ask a client for a run share its store, and old ones are forgotten in the end", () => {
  const client = createClient({ fetch: new Server().fetch });
  const store = client.run("a");
  expect(client.run("a")).toBe(store);
  for (let count = 0; count < 30; count += 1) client.run(`other ${count}`);
  expect(client.run("a")).not.toBe(store);
  expect(client.runs({ status: "error" })).toBe(client.runs({ status: "error" }));
  expect(client.runs({ status: "error" })).not.toBe(client.runs());
});
