import { afterEach, describe, expect, test } from "vitest";
import { createDocumentStore, type DocumentStore } from "../../src/core/document.ts";
import { createHttp } from "../../src/core/http.ts";
import { DocumentServer, FRAMEWORK } from "../document-server.ts";
import { TestPresence } from "../page.ts";
import { problem } from "../server.ts";
import { RUN_ID } from "../story.ts";
import { pass, timeStandsStill } from "../watching.ts";

timeStandsStill();

const open: (() => void)[] = [];
afterEach(() => {
  for (const stop of open.splice(0)) stop();
});

interface Tab {
  store: DocumentStore;
  presence: TestPresence;
  /** How often it was drawn. */
  readonly drawn: number;
  readonly vision: unknown;
}

/** A tab of its own: nothing but the server is between it and another one. */
function tab(server: DocumentServer): Tab {
  const presence = new TestPresence();
  const store = createDocumentStore({ http: createHttp({ fetch: server.fetch }), runId: RUN_ID, presence });
  let drawn = 0;
  open.push(store.subscribe(() => (drawn += 1)));
  return {
    store,
    presence,
    get drawn() {
      return drawn;
    },
    get vision() {
      return store.getSnapshot().document?.framework["vision"];
    },
  };
}

function asked(server: DocumentServer): number {
  return server.asked.filter(({ path }) => path.endsWith("/framework")).length;
}

describe("two tabs with the same document", () => {
  test("both show what is changed in one of them, without anybody going there", async () => {
    const server = new DocumentServer();
    const [mine, theirs] = [tab(server), tab(server)];
    await pass();
    await mine.store.edit({ vision: "Light by spring." }, { author: "Ada", version: 1 });
    await pass();
    expect([mine.vision, theirs.vision]).toEqual(["Light by spring.", FRAMEWORK.vision]);
    await pass(5000);
    expect(theirs.vision).toBe("Light by spring.");
    expect(theirs.store.getSnapshot().versions[0]).toMatchObject({ version: 2, kind: "edit", by: "Ada" });
    await theirs.store.undo("Bo");
    await pass(5000);
    expect([mine.vision, theirs.vision]).toEqual([FRAMEWORK.vision, FRAMEWORK.vision]);
    expect(mine.store.getSnapshot().document).toMatchObject({ version: 3, kind: "undo", by: "Bo" });
  });

  test("are asked for a change by number, and not drawn again while there is none", async () => {
    const server = new DocumentServer();
    const one = tab(server);
    await pass();
    const { drawn } = one;
    const before = server.asked.length;
    await pass(20_000);
    expect(server.asked.slice(before).map(({ headers }) => headers.get("If-None-Match"))).toEqual(
      Array.from({ length: 4 }, () => '"1"'),
    );
    expect(one.drawn).toBe(drawn);
  });

  test("one that is not seen, or has no network, asks for nothing until it is there again", async () => {
    const server = new DocumentServer();
    const one = tab(server);
    await pass();
    one.presence.becomes("hidden");
    server.edited({ vision: "Theirs." });
    await pass(60_000);
    expect(asked(server)).toBe(1);
    one.presence.becomes("shown");
    await pass();
    expect(one.vision).toBe("Theirs.");
    one.presence.becomes("offline");
    server.edited({ vision: "Theirs again." });
    await pass(60_000);
    expect(one.vision).toBe("Theirs.");
    one.presence.becomes("online");
    await pass();
    expect(one.vision).toBe("Theirs again.");
  });

  test("say when they cannot be brought up to date, and no longer when they can", async () => {
    const server = new DocumentServer();
    const one = tab(server);
    await pass();
    server.next.push(() => problem(503, "The store is away"));
    await pass(5000);
    expect(one.store.getSnapshot()).toMatchObject({
      problem: { title: "The store is away" },
      document: { version: 1 },
    });
    await pass(5000);
    expect(one.store.getSnapshot().problem).toBeUndefined();
  });

  test("stop asking for a run that is not there any more", async () => {
    const server = new DocumentServer();
    const one = tab(server);
    await pass();
    server.next.push(() => problem(404, "There is no such run", { type: "/problems/unknown-run" }));
    await pass(5000);
    const before = server.asked.length;
    await pass(60_000);
    expect(server.asked.length).toBe(before);
    expect(one.store.getSnapshot()).toMatchObject({
      problem: { type: "/problems/unknown-run" },
      document: { version: 1 },
    });
  });

  test("of which one has gone leave no timer behind", async () => {
    const server = new DocumentServer();
    const one = tab(server);
    await pass();
    for (const stop of open.splice(0)) stop();
    await pass(2000);
    const before = server.asked.length;
    await pass(60_000);
    expect([server.asked.length, one.presence.watched]).toEqual([before, false]);
  });
});
