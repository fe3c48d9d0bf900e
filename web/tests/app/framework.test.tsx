// @vitest-environment jsdom

import { act, cleanup, configure, fireEvent, render, screen, within } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { documentsOf } from "../../src/app/run/documents.ts";
import { FrameworkTab } from "../../src/app/run/framework-tab.tsx";
import { ToastHost } from "../../src/app/toast.tsx";
import { opening } from "../../src/core/view.ts";
import { StepglassProvider } from "../../src/react/context.tsx";
import { useDocument } from "../../src/react/use-document.ts";
import { expectAccessible, pressEscape, withDialogs } from "../components/dom.ts";
import { card, DocumentServer, FRAMEWORK, REFINE_ID } from "../document-server.ts";
import { clientOf, pageStandsStill, pass } from "../react/harness.tsx";
import { problem } from "../server.ts";
import { RUN_ID } from "../story.ts";

// Nothing is hidden here, and to make sure of that takes most of the time.
configure({ defaultHidden: true });
vi.setConfig({ testTimeout: 20_000 });
pageStandsStill();
beforeEach(() => {
  withDialogs();
  localStorage.clear();
  sessionStorage.clear();
});

const { authorName } = await import("../../src/app/run/author.ts");
const { AuthorDialog } = await import("../../src/app/run/author-dialog.tsx");

function Page(): ReactNode {
  const document = useDocument(RUN_ID, { author: authorName });
  const documents = documentsOf({ ...opening(RUN_ID), status: "complete" }, document.document, document.versions);
  return (
    <>
      <FrameworkTab runId={RUN_ID} documents={documents} document={document} />
      <AuthorDialog />
    </>
  );
}

/** With a name for one's changes, unless the test is about being asked for it. */
async function opened(server: DocumentServer, name: string | null = "Ada"): Promise<DocumentServer> {
  if (name !== null) localStorage.setItem("stepglass.author", JSON.stringify(name));
  render(
    <StrictMode>
      <StepglassProvider client={clientOf(server)}>
        <ToastHost>
          <Page />
        </ToastHost>
      </StepglassProvider>
    </StrictMode>,
  );
  // What the page remembers outlives a test: it is told of another name as if by another tab.
  fireEvent(window, new StorageEvent("storage", { key: "stepglass.author" }));
  await pass();
  return server;
}

/** The same tab, loaded once more. */
async function reloaded(server: DocumentServer): Promise<void> {
  cleanup();
  await pass(2000);
  await opened(server);
}

const button = (name: string | RegExp): HTMLElement => screen.getByRole("button", { name });
const writing = (): HTMLTextAreaElement => within(screen.getByRole("form")).getByRole("textbox");

async function press(name: string | RegExp): Promise<void> {
  fireEvent.click(button(name));
  await pass();
}

async function write(text: string): Promise<void> {
  fireEvent.change(writing(), { target: { value: text } });
  await pass(0);
}

async function key(target: Element, name: string, more: KeyboardEventInit = {}): Promise<void> {
  fireEvent.keyDown(target, { key: name, ...more });
  await pass();
}

function said(): string {
  return screen.getAllByRole("status").at(-1)?.textContent ?? "";
}

const MINE = "Mine is long enough to be a vision. It says two things.";
const THEIRS = "Theirs is long enough to be a vision. It says two things.";

describe("editing a section", () => {
  test("saves it as a version of its own, says so, and gives the focus back", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    expect(document.activeElement).toBe(writing());
    await write(MINE);
    await key(writing(), "Enter", { ctrlKey: true });
    expect(server.last).toMatchObject({ version: 2, by: "Ada", framework: { vision: MINE } });
    expect(screen.queryByRole("form")).toBeNull();
    expect(screen.getByText(MINE)).toBeDefined();
    expect(said()).toContain("Saved: Vision");
    expect(document.activeElement).toBe(button("Edit Vision"));
    expect(screen.getByLabelText("Version and changes").textContent).toContain("Edited Vision by Ada");
  });

  test("takes its score away: nobody has scored the new text", async () => {
    await opened(new DocumentServer());
    expect(screen.getByText("Excellent")).toBeDefined();
    await press("Edit Vision");
    await write(MINE);
    await press("Save");
    expect(screen.queryByText("Excellent")).toBeNull();
    expect(screen.getByRole("region", { name: "Vision" }).textContent).toContain("Not scored since your edit");
  });

  test("that changes nothing sends nothing", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await press("Save");
    expect(screen.queryByRole("form")).toBeNull();
    expect(server.changes).toEqual([]);
  });

  test("throws nothing away unasked", async () => {
    await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    await key(writing(), "Escape");
    expect(document.activeElement).toBe(button("Keep writing"));
    await key(document.activeElement ?? document.body, "Escape");
    expect(document.activeElement).toBe(writing());
    expect(writing().value).toBe(MINE);
    await key(writing(), "Escape");
    await press("Throw away");
    expect(screen.queryByRole("form")).toBeNull();
    expect(screen.getByText(FRAMEWORK.vision)).toBeDefined();
  });

  test("leaves at once where nothing was written", async () => {
    await opened(new DocumentServer());
    await press("Edit Vision");
    await key(writing(), "Escape");
    expect(document.activeElement).toBe(button("Edit Vision"));
  });

  test("survives a reload", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    await reloaded(server);
    expect(writing().value).toBe(MINE);
    await press("Save");
    await reloaded(server);
    expect(screen.queryByRole("form")).toBeNull();
    expect(server.last.framework["vision"]).toBe(MINE);
  });

  test("says what the server does not take, and keeps the text", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    const errors = [{ pointer: "/vision", detail: "The vision has one sentence: two or three are needed." }];
    server.next.push(() => problem(422, "The input is not valid", { errors }));
    await press("Save");
    expect(screen.getByRole("alert").textContent).toContain("two or three are needed");
    expect(writing().value).toBe(MINE);
  });

  test("without a network keeps the text, and saves it when there is one", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    server.next.push(() => Promise.reject(new TypeError("Failed to fetch")));
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    fireEvent(window, new Event("offline"));
    await press("Save");
    expect(screen.getByText(/^You are offline/)).toBeDefined();
    expect(screen.getByRole("alert").textContent).toContain("The server cannot be reached");
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
    fireEvent(window, new Event("online"));
    await press("Save");
    expect(screen.queryByText(/^You are offline/)).toBeNull();
    expect(server.last.framework["vision"]).toBe(MINE);
  });
});

describe("when somebody else is at work, too", () => {
  test("what they did elsewhere is kept, and told", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    server.edited({ strategy: ["Serve the mills first of all.", "Stay where we are."] });
    await press("Save");
    expect(server.last).toMatchObject({
      version: 3,
      framework: { vision: MINE, strategy: ["Serve the mills first of all.", "Stay where we are."] },
    });
    expect(said()).toContain("Somebody else changed Strategy meanwhile");
  });

  test("what they did in the same section is shown, and one's own text stays", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    server.edited({ vision: THEIRS });
    await press("Save");
    expect(server.versions).toHaveLength(2);
    expect(screen.getByRole("alert").textContent).toContain("Bo changed Vision while you were writing");
    expect(screen.getAllByText(/Theirs/).length).toBeGreaterThan(0);
    expect(writing().value).toBe(MINE);
    await press("Save mine instead");
    expect(server.last).toMatchObject({ version: 3, framework: { vision: MINE } });
  });

  test("theirs may be taken instead", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    server.edited({ vision: THEIRS });
    await press("Save");
    await press("Use the new text, drop mine");
    expect(screen.queryByRole("form")).toBeNull();
    expect(screen.getByText(THEIRS)).toBeDefined();
    await reloaded(server);
    expect(screen.queryByRole("form"), "what was dropped is not kept").toBeNull();
  });

  test("it shows as soon as one comes back to the tab, before anything is sent", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    server.edited({ vision: THEIRS });
    fireEvent.focus(window);
    await pass();
    expect(screen.getByRole("alert").textContent).toContain("Bo changed Vision");
    expect(server.changes).toEqual([]);
  });
});

describe("undo and redo", () => {
  test("are keys, outside of what one writes in", async () => {
    const server = await opened(new DocumentServer());
    await press("Edit Vision");
    await write(MINE);
    await key(writing(), "z", { ctrlKey: true });
    expect(server.changes).toEqual([]);
    await press("Save");
    await key(document.body, "z", { ctrlKey: true });
    expect(said()).toContain("Undone: edit of Vision");
    expect(screen.getByText(FRAMEWORK.vision)).toBeDefined();
    expect(screen.getByText("Excellent"), "the score of that text is back").toBeDefined();
    await key(document.body, "Z", { ctrlKey: true, shiftKey: true });
    expect(said()).toContain("Redone: edit of Vision");
    expect(server.last).toMatchObject({ version: 4, kind: "redo", by: "Ada", framework: { vision: MINE } });
  });

  test("are offered where there is something to undo", async () => {
    const server = await opened(new DocumentServer());
    expect(button("Undo")).toHaveProperty("disabled", true);
    server.edited({ vision: THEIRS });
    fireEvent.focus(window);
    await pass();
    await press("Undo");
    expect(said()).toContain("Undone: edit of Vision");
    fireEvent.click(within(screen.getAllByRole("status").at(-1) as HTMLElement).getByRole("button", { name: "Redo" }));
    await pass();
    expect(server.last.framework["vision"]).toBe(THEIRS);
  });

  test("undo nothing that somebody else did meanwhile", async () => {
    const server = new DocumentServer();
    server.edited({ vision: MINE }, "Ada");
    await opened(server);
    server.edited({ strategy: ["Theirs comes first.", "And this is second."] });
    await press("Undo");
    expect(server.versions).toHaveLength(3);
    expect(said()).toContain("Somebody else changed the framework meanwhile");
    expect(screen.getByText("Theirs comes first.")).toBeDefined();
  });
});

describe("refining a section", () => {
  test("is watched, compared, and taken over", async () => {
    const server = await opened(new DocumentServer());
    await press("Refine Strategy");
    expect(document.activeElement).toBe(button("More specific"));
    await press("More specific");
    await pass(100);
    expect(server.changes.at(-1)?.body).toBe('{"section":"strategy","action":"more_specific"}');
    const panel = screen.getByRole("region", { name: "Refine Strategy" });
    expect(panel.textContent).toContain("Writing Strategy anew");
    expect(panel.textContent).toContain("Being wri");
    await act(async () => server.refined(["Serve three mills before any home.", "Stay in two regions for now."]));
    await pass(100);
    expect(within(panel).getAllByText(/Excellent|Needs attention/)).toHaveLength(2);
    await press("Use the new version");
    expect(server.last).toMatchObject({ kind: "refine", by: "Ada", refined_by: `${REFINE_ID}1` });
    expect(screen.getByText("Serve three mills before any home.")).toBeDefined();
    expect(document.activeElement).toBe(button("Refine Strategy"));
  });

  test("is found again after a reload in the middle of it", async () => {
    const server = await opened(new DocumentServer());
    await press("Refine Vision");
    await press("More concise");
    await reloaded(server);
    expect(screen.getByRole("region", { name: "Refine Vision" }).textContent).toContain("Writing Vision anew");
    await act(async () => server.refined("Light everywhere. We bring it."));
    await pass(100);
    await reloaded(server);
    await pass(100);
    await press("Keep the old one");
    expect(server.versions).toHaveLength(1);
    await reloaded(server);
    expect(screen.queryByRole("region", { name: "Refine Vision" }), "it is decided").toBeNull();
  });

  test("that somebody else asked for shows while it is under way", async () => {
    const server = new DocumentServer();
    await server.fetch(`/api/runs/${RUN_ID}/refine`, {
      method: "POST",
      body: '{"section":"metrics","action":"add_detail"}',
    });
    await opened(server);
    await pass(100);
    expect(screen.getByRole("region", { name: "Refine Metrics" }).textContent).toContain("Writing Metrics anew");
  });

  test("can be stopped", async () => {
    const server = await opened(new DocumentServer());
    await press("Refine Vision");
    await press("Write anew");
    await press("Stop");
    expect(server.changes.at(-1)?.path).toBe(`/api/runs/${REFINE_ID}1/cancel`);
    expect(document.activeElement).toBe(button("Refine Vision"));
  });

  test("of a section that is another one by now cannot be taken over", async () => {
    const server = await opened(new DocumentServer());
    await press("Refine Vision");
    await press("Write anew");
    await act(async () => server.refined("Light everywhere. We bring it."));
    await pass(100);
    server.edited({ vision: THEIRS });
    await press("Use the new version");
    expect(screen.getByText(/no longer fits it/)).toBeDefined();
    expect(screen.queryByRole("button", { name: "Use the new version" })).toBeNull();
    expect(server.last.framework["vision"]).toBe(THEIRS);
  });
});

describe("improving all weak sections", () => {
  async function improving(server: DocumentServer): Promise<void> {
    await opened(server);
    await press("Improve all weak sections (2)");
    await pass(100);
  }

  test("is offered for those that the scoring calls weak, and only then", async () => {
    await opened(new DocumentServer({ vision: card(8), strategy: card(6), metrics: card(7) }));
    expect(screen.queryByRole("button", { name: /^Improve all/ })).toBeNull();
  });

  test("runs side by side, asks once, and takes what is chosen", async () => {
    const server = new DocumentServer();
    await improving(server);
    expect(server.refinements.map(({ section }) => section)).toEqual(["strategy", "metrics"]);
    expect(JSON.stringify(server.refinements[0]?.wish)).toContain("It is vague.");
    expect(screen.getAllByRole("progressbar")).toHaveLength(2);
    await act(async () => server.refined(["Better by far.", "And this one."], { number: 0 }));
    await pass(100);
    expect(screen.getByRole("heading", { name: "Improving weak sections: 1 of 2 done" })).toBeDefined();
    expect(screen.queryByRole("dialog")).toBeNull();
    await act(async () => server.refined([], { number: 1, overall: 4 }));
    await pass(100);
    const dialog = screen.getByRole("dialog");
    const boxes = within(dialog).getAllByRole<HTMLInputElement>("checkbox");
    expect(
      boxes.map(({ checked }) => checked),
      "what scores lower is not chosen",
    ).toEqual([true, false]);
    await press("Use 1 new version");
    expect(server.versions.map(({ sections }) => sections)).toEqual([[], ["strategy"]]);
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(said()).toContain("1 new section is in use");
    expect(document.activeElement).toBe(button("Versions"));
  });

  test("survives a reload, and waits for the decision", async () => {
    const server = new DocumentServer();
    await improving(server);
    await reloaded(server);
    await pass(100);
    expect(screen.getAllByRole("progressbar")).toHaveLength(2);
    await act(async () => {
      server.refined(["Better by far.", "And this one."], { number: 0 });
      server.refined([], { number: 1 });
    });
    await pass(100);
    act(() => void pressEscape(screen.getByRole("dialog")));
    await pass();
    await press("Compare and choose");
    await press("Use 2 new versions");
    expect(server.versions).toHaveLength(3);
  });
});

describe("the history", () => {
  async function history(): Promise<DocumentServer> {
    const server = new DocumentServer();
    server.edited({ vision: THEIRS });
    server.edited({ strategy: ["Serve the mills first of all.", "Stay where we are."] }, "default");
    await opened(server);
    await press("Versions");
    return server;
  }

  test("says who did what, and to which sections", async () => {
    await history();
    const rows = within(screen.getByRole("list", { name: /^Versions/ })).getAllByRole("button");
    expect(rows.map(({ textContent }) => textContent)).toEqual([
      expect.stringMatching(/^3Edited Strategy.*Now$/),
      expect.stringMatching(/^2Edited Vision.*Bo, /),
      expect.stringMatching(/^1Written by the run/),
    ]);
  });

  test("shows an older version beside the present one, and goes back to it", async () => {
    const server = await history();
    await press(/^1Written by the run/);
    const shown = screen.getByRole("region", { name: "Version 1" });
    expect(
      within(shown)
        .getAllByRole("heading", { level: 4 })
        .map(({ textContent }) => textContent),
    ).toEqual([...["Vision", "Strategy"]]);
    expect(shown.textContent).toContain("The same as now: Operating principles");
    await press("Go back to this version");
    expect(server.last).toMatchObject({ version: 4, kind: "edit", sections: ["vision", "strategy"], by: "Ada" });
    expect(server.last.framework).toEqual(FRAMEWORK);
    expect(said()).toContain("Version 1 is back, as version 4");
  });
});

describe("the name beside one's changes", () => {
  test("is asked for once, and may be left out", async () => {
    const server = await opened(new DocumentServer(), null);
    await press("Edit Vision");
    await write(MINE);
    await press("Save");
    expect(server.changes, "nothing is sent before").toEqual([]);
    await press("Leave it out");
    expect(server.last.by).toBe("default");
    await key(document.body, "z", { ctrlKey: true });
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(server.last).toMatchObject({ version: 3, by: "default" });
  });

  test("is kept, shown and changed under the versions", async () => {
    const server = await opened(new DocumentServer(), null);
    await press("Versions");
    await press("Change");
    fireEvent.change(screen.getByLabelText("Name"), { target: { value: "  Zoë\u202e  of Łódź " } });
    await press("Use this name");
    expect(screen.getByText("Your changes are shown as “Zoë of Łódź”.")).toBeDefined();
    expect(localStorage.getItem("stepglass.author")).toBe('"Zoë of Łódź"');
    await press("Close");
    await press("Edit Vision");
    await write(MINE);
    await press("Save");
    expect(server.last.by).toBe("Zoë of Łódź");
  });
});

test("a framework that cannot be loaded to be worked on says so, and is asked for again", async () => {
  const server = new DocumentServer();
  server.next.push(...[1, 2, 3].map(() => () => problem(503, "The store is away")));
  await opened(server);
  expect(screen.getByText(/The store is away/)).toBeDefined();
  await press("Try again");
  expect(screen.getByText("Version 1")).toBeDefined();
});

describe("axe finds nothing", () => {
  /** It looks at every element, and machines that test have other things to do, too. */
  const SLOW_MS = 60_000;

  async function expectNothing(where: Element): Promise<void> {
    // Axe waits for itself by the clock.
    vi.useRealTimers();
    try {
      await expectAccessible(where);
    } finally {
      vi.useFakeTimers();
    }
  }

  test(
    "where somebody writes what somebody else has changed",
    async () => {
      const server = await opened(new DocumentServer());
      await press("Edit Metrics");
      server.edited({ metrics: FRAMEWORK.metrics.toReversed() });
      fireEvent.focus(window);
      await pass();
      expect(screen.getByRole("alert").textContent).toContain("Bo changed Metrics");
      await expectNothing(screen.getByRole("region", { name: "Metrics" }));
    },
    SLOW_MS,
  );

  test(
    "where a section is asked for, written and compared",
    async () => {
      const server = await opened(new DocumentServer());
      await press("Refine Strategy");
      await press("More specific");
      await act(async () => server.refined(["Serve three mills before any home.", "Stay where we are."]));
      await press("Refine Vision");
      await press("Write anew");
      await press("Refine Metrics");
      expect(screen.getAllByRole("region", { name: /^Refine / })).toHaveLength(3);
      for (const panel of screen.getAllByRole("region", { name: /^Refine / })) await expectNothing(panel);
    },
    SLOW_MS,
  );

  test(
    "where several sections are compared, and in the history",
    async () => {
      const server = await opened(new DocumentServer());
      await press("Improve all weak sections (2)");
      await act(async () => {
        server.refined(["Better by far.", "And this one."], { number: 0 });
        server.refined(FRAMEWORK.metrics, { number: 1 });
      });
      await pass(100);
      server.edited({ vision: THEIRS });
      fireEvent.focus(window);
      await press("Versions");
      await press(/^1Written by the run/);
      expect(screen.getAllByRole("dialog")).toHaveLength(2);
      for (const dialog of screen.getAllByRole("dialog")) await expectNothing(dialog);
    },
    SLOW_MS,
  );
});
