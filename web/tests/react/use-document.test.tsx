// @vitest-environment jsdom

import { act, fireEvent, render, screen } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { describe, expect, test } from "vitest";
import { StepglassProvider } from "../../src/react/context.tsx";
import { type Document, type DocumentOptions, useDocument } from "../../src/react/use-document.ts";
import { AT, DocumentServer, FRAMEWORK, REFINE_ID } from "../document-server.ts";
import { problem } from "../server.ts";
import { RUN_ID } from "../story.ts";
import { clientOf, pageStandsStill, pass, show } from "./harness.tsx";

pageStandsStill();

interface Held {
  now: Document;
}

function Reader({ held, author }: { held: Held; author?: DocumentOptions["author"] }): ReactNode {
  held.now = useDocument(RUN_ID, { author });
  const { document, problem: wrong } = held.now;
  return <p>{document ? `${document.version}: ${document.framework["vision"]}` : (wrong?.title ?? "loading")}</p>;
}

async function opened(server: DocumentServer, author?: DocumentOptions["author"]): Promise<Held> {
  const held = {} as Held;
  show(server, <Reader held={held} author={author} />);
  await pass();
  return held;
}

function shown(): string {
  return screen.getByRole("paragraph").textContent;
}

async function done<T>(act_: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  await act(async () => {
    result = await act_();
  });
  await pass();
  return result as T;
}

describe("a document", () => {
  test("is there with its history", async () => {
    const { now } = await opened(new DocumentServer());
    expect(shown()).toBe(`1: ${FRAMEWORK.vision}`);
    expect(now.versions.map(({ version, kind, at }) => [version, kind, at])).toEqual([[1, "run", AT]]);
    expect([now.moreVersions, now.refining, now.changing, now.problem]).toEqual([false, [], false, undefined]);
  });

  test("that cannot be loaded says why, and is asked for again", async () => {
    const server = new DocumentServer();
    server.next.push(...[1, 2, 3].map(() => () => problem(503, "The store is away")));
    const held = await opened(server);
    expect(shown()).toBe("The store is away");
    await done(() => held.now.refresh());
    expect(shown()).toContain("1:");
    expect(held.now.problem).toBeUndefined();
  });

  test("is asked for by nobody where there is no run", async () => {
    const server = new DocumentServer();
    function None(): ReactNode {
      const { document, edit } = useDocument(undefined);
      return (
        <button type="button" onClick={() => void edit({})}>
          {document ? "there" : "none"}
        </button>
      );
    }
    show(server, <None />);
    fireEvent.click(screen.getByRole("button", { name: "none" }));
    await pass();
    expect(server.asked).toEqual([]);
  });

  test("is the same one for all who look at it", async () => {
    const server = new DocumentServer();
    const [one, two] = [{} as Held, {} as Held];
    const client = clientOf(server);
    render(
      <StrictMode>
        <StepglassProvider client={client}>
          <Reader held={one} />
          <Reader held={two} />
        </StepglassProvider>
      </StrictMode>,
    );
    await pass();
    expect(server.asked.filter(({ path }) => path.endsWith("/framework"))).toHaveLength(1);
    await done(() => one.now.edit({ vision: "Another one." }, 1));
    expect(two.now.document?.framework["vision"]).toBe("Another one.");
  });

  test("shows what others did when somebody comes back to the page", async () => {
    const server = new DocumentServer();
    await opened(server);
    server.edited({ vision: "Theirs." });
    await pass(1000);
    expect(shown()).toContain("1:");
    fireEvent.focus(window);
    await pass();
    expect(shown()).toBe("2: Theirs.");
  });

  test("does not go back to an answer that was overtaken on its way", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    const old = await server.fetch(`/api/runs/${RUN_ID}/framework`);
    let answer = (): void => undefined;
    server.next.push(() => new Promise((resolve) => (answer = () => resolve(old))));
    fireEvent.focus(window);
    await done(() => held.now.edit({ vision: "Mine." }, 1));
    answer();
    await pass();
    expect(shown()).toBe("2: Mine.");
  });
});

describe("an edit", () => {
  test("names the sections, the version that it is for, and who makes it", async () => {
    const server = new DocumentServer();
    const { now } = await opened(server, "Łukasz");
    const change = await done(() => now.edit({ vision: "Mine." }, 1));
    const [sent] = server.changes;
    expect([sent?.method, sent?.headers.get("If-Match"), sent?.body]).toEqual(["PATCH", '"1"', '{"vision":"Mine."}']);
    expect(sent?.headers.get("Content-Type")).toBe("application/merge-patch+json");
    expect(change.done).toMatchObject({ version: 2, by: "Łukasz" });
    expect(shown()).toBe("2: Mine.");
  });

  test("asks for a name before each change, where that is a question", async () => {
    const server = new DocumentServer();
    const names = ["Ada", undefined];
    const { now } = await opened(server, () => Promise.resolve(names.shift()));
    await done(() => now.edit({ vision: "One." }));
    await done(() => now.edit({ vision: "Two." }));
    expect(server.versions.map(({ by }) => by)).toEqual([null, "Ada", "default"]);
  });

  test("of a version that is not there any more changes nothing, and gives the one that is", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    server.edited({ strategy: ["Theirs"] });
    const change = await done(() => held.now.edit({ vision: "Mine." }, 1));
    expect(change.outrun).toMatchObject({ version: 2, by: "Bo", framework: { vision: FRAMEWORK.vision } });
    expect(held.now.document?.version).toBe(2);
    expect(held.now.versions.map(({ version }) => version)).toEqual([2, 1]);
  });

  test("whose answer was lost is known again when it is sent once more", async () => {
    const server = new DocumentServer();
    const { now } = await opened(server);
    server.next.push((asked) => {
      server.edited(JSON.parse(asked.body ?? ""), "Ada");
      throw new TypeError("Failed to fetch");
    });
    const lost = await done(() => now.edit({ vision: "Mine." }, 1));
    expect(lost.problem?.title).toBe("The server cannot be reached");
    const again = await done(() => now.edit({ vision: "Mine." }, 1));
    expect(again.done).toMatchObject({ version: 2 });
    expect(server.versions).toHaveLength(2);
  });

  test("that is refused says what is wrong with it", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    server.next.push(() =>
      problem(422, "The input is not valid", { errors: [{ pointer: "/vision", detail: "Short." }] }),
    );
    const change = await done(() => held.now.edit({ vision: "." }));
    expect([change.problem?.title, change.problem?.errors?.[0]?.pointer]).toEqual([
      "The input is not valid",
      "/vision",
    ]);
    expect(held.now.problem, "nothing is wrong with the document").toBeUndefined();
    expect(held.now.changing).toBe(false);
  });
});

describe("going back and forth", () => {
  test("says what was undone and redone", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    await done(() => held.now.edit({ vision: "One." }));
    await done(() => held.now.edit({ strategy: ["Two"] }));
    const one = await done(() => held.now.undo());
    const two = await done(() => held.now.undo());
    expect([one, two].map((each) => [each.done?.version, (each as { act?: object }).act])).toMatchObject([
      [4, { kind: "edit", sections: ["strategy"] }],
      [5, { kind: "edit", sections: ["vision"] }],
    ]);
    expect(shown()).toBe(`5: ${FRAMEWORK.vision}`);
    const again = await done(() => held.now.redo());
    expect(again).toMatchObject({ done: { version: 6 }, act: { version: 2, sections: ["vision"] } });
  });

  test("undoes nothing that one has not seen", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    await done(() => held.now.edit({ vision: "One." }));
    server.edited({ strategy: ["Theirs"] });
    const change = await done(() => held.now.undo());
    expect(change.outrun).toMatchObject({ version: 3, by: "Bo" });
    expect(server.versions).toHaveLength(3);
  });

  test("looks again where there is nothing to undo", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    server.next.push(() => problem(409, "Nothing to undo", { type: "/problems/nothing-to-undo" }));
    server.edited({ vision: "Theirs." });
    const change = await done(() => held.now.undo());
    expect(change.problem?.title).toBe("Nothing to undo");
    expect(shown()).toBe("2: Theirs.");
  });

  test("older versions come page by page, and stay when there are new ones", async () => {
    const server = new DocumentServer();
    for (let number = 2; number <= 40; number += 1) server.edited({ vision: `Number ${number}.` });
    const held = await opened(server);
    expect([held.now.versions.length, held.now.moreVersions]).toEqual([30, true]);
    await done(() => held.now.loadVersions());
    expect([held.now.versions.length, held.now.moreVersions]).toEqual([40, false]);
    await done(() => held.now.edit({ vision: "Newest." }));
    expect(held.now.versions.map(({ version }) => version)).toEqual(Array.from({ length: 41 }, (_, at) => 41 - at));
  });

  test("a version is read as it was", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    await done(() => held.now.edit({ vision: "One." }));
    expect((await done(() => held.now.version(1))).framework["vision"]).toBe(FRAMEWORK.vision);
    server.next.push(() => problem(404, "There is no such version"));
    await expect(held.now.version(9)).rejects.toThrow("There is no such version");
  });
});

describe("a refinement", () => {
  test("is started once, however often its answer is lost", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    const wish = { action: "more_specific" };
    const answer = server.routes.get(`/api/runs/${RUN_ID}/refine`);
    server.next.push((asked) => {
      void answer?.(asked);
      throw new TypeError("Failed to fetch");
    });
    expect(await done(() => held.now.refine("vision", wish))).toMatchObject({
      problem: { type: "/problems/no-answer" },
    });
    expect(await done(() => held.now.refine("vision", wish))).toEqual({ runId: `${REFINE_ID}1` });
    expect(await done(() => held.now.refine("vision", wish)), "asked again, it is another one").toEqual({
      runId: `${REFINE_ID}2`,
    });
    expect(server.changes.at(-1)?.body).toBe('{"section":"vision","action":"more_specific"}');
  });

  test("is found again while it is under way, and not when it has ended", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    await done(() => held.now.refine("vision", { instruction: "Shorter." }));
    await done(() => held.now.refresh());
    expect(held.now.refining).toEqual([{ runId: `${REFINE_ID}1`, section: "vision" }]);
    expect(server.asked.some(({ path }) => path === `/api/runs?about=${RUN_ID}`)).toBe(true);
    server.refined("Shorter.");
    await done(() => held.now.refresh());
    expect(held.now.refining).toEqual([]);
  });

  test("is taken over, with its score", async () => {
    const server = new DocumentServer();
    const held = await opened(server, "Ada");
    await done(() => held.now.refine("vision", { action: "regenerate" }));
    server.refined("Anew.");
    const change = await done(() => held.now.apply(`${REFINE_ID}1`));
    expect(change.done).toMatchObject({ version: 2, kind: "refine", by: "Ada", scores: { vision: { overall: 9 } } });
  });

  test("of a section that is another one by now is not taken over", async () => {
    const server = new DocumentServer();
    const held = await opened(server);
    await done(() => held.now.refine("vision", { action: "regenerate" }));
    server.refined("Anew.");
    server.edited({ vision: "Theirs." });
    const change = await done(() => held.now.apply(`${REFINE_ID}1`));
    expect(change.outrun).toMatchObject({ version: 2 });
    expect(shown()).toBe("2: Theirs.");
  });
});
