import { afterEach, describe, expect, test } from "vitest";
import { askAhead, loadRun } from "../../src/app/ahead.ts";
import { type Client, createClient } from "../../src/core/client.ts";
import { TestPresence } from "../page.ts";
import { json, problem, Server } from "../server.ts";
import { RUN_ID, Story } from "../story.ts";
import { pass, timeStandsStill } from "../watching.ts";

timeStandsStill();

const HOME = `/api/runs/${RUN_ID}`;
const nobody = new AbortController().signal;
const open: (() => void)[] = [];
afterEach(() => {
  for (const stop of open.splice(0)) stop();
});

function serving(status: string): { server: Server; client: Client } {
  const server = new Server(new Story().started().events);
  server.routes.set(HOME, () => json({ run_id: RUN_ID, status }));
  const client = createClient({ fetch: server.fetch, presence: new TestPresence(), random: () => 1 });
  return { server, client };
}

function asked(server: Server): string[] {
  return server.asked.map(({ path }) => path);
}

describe("a run that is asked for ahead", () => {
  test("is not asked for again by its page, and its events are there when it opens", async () => {
    const { server, client } = serving("running");
    askAhead(client, RUN_ID);
    await pass(3000);
    expect((await loadRun(client, RUN_ID, nobody)).status).toBe("running");
    expect(client.run(RUN_ID).getSnapshot().view.lastSeq).toBe(server.log.length);
    open.push(client.run(RUN_ID).subscribe(() => undefined));
    await pass(20_000);
    expect(asked(server)).toEqual([HOME, `${HOME}/events`]);
    expect(server.open).toHaveLength(1);
  });

  test("that has ended is not watched", async () => {
    const { server, client } = serving("complete");
    askAhead(client, RUN_ID);
    await pass(3000);
    expect(asked(server)).toEqual([HOME]);
  });

  test("is given once: who comes back to it is shown how it is then", async () => {
    const { server, client } = serving("complete");
    askAhead(client, RUN_ID);
    await loadRun(client, RUN_ID, nobody);
    await loadRun(client, RUN_ID, nobody);
    expect(asked(server)).toEqual([HOME, HOME]);
  });

  test("that nobody looks at is let go", async () => {
    const { server, client } = serving("running");
    askAhead(client, RUN_ID);
    await pass(12_000);
    expect(server.open).toEqual([]);
    await loadRun(client, RUN_ID, nobody);
    expect(asked(server).at(-1)).toBe(HOME);
  });

  test("that is not there is so told to its page", async () => {
    const { server, client } = serving("running");
    server.next.push(() => problem(404, "There is no such run"));
    askAhead(client, RUN_ID);
    await pass(100);
    await expect(loadRun(client, RUN_ID, nobody)).rejects.toMatchObject({ problem: { title: "There is no such run" } });
    expect(asked(server)).toEqual([HOME]);
  });
});
