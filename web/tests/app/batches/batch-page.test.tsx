// @vitest-environment jsdom

import { fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { BatchPage } from "../../../src/app/batches/batch-page.tsx";
import { withDialogs } from "../../components/dom.ts";
import { pageStandsStill, pass, show } from "../../react/harness.tsx";
import { json, problem } from "../../server.ts";
import { BATCH_ID, BatchServer, BatchStory, body, counts } from "./batch-server.ts";

pageStandsStill();
beforeEach(() => {
  history.replaceState(null, "", `/batches/${BATCH_ID}`);
  withDialogs();
  vi.stubGlobal("scrollTo", () => undefined);
});

async function open(server: BatchServer): Promise<BatchServer> {
  show(server, <BatchPage batchId={BATCH_ID} />);
  await pass(100);
  return server;
}

function rows(): string[] {
  return [...document.querySelectorAll("tbody th")].map(({ textContent }) => textContent);
}

function count(name: string): string {
  return screen.getByText(name, { selector: "dt" }).nextElementSibling?.textContent ?? "";
}

async function press(name: string | RegExp): Promise<void> {
  fireEvent.click(screen.getByRole("button", { name }));
  await pass(100);
}

describe("a batch that goes on", () => {
  test("says how far it is, how its items stand, and how long it will take", async () => {
    const told = new BatchStory(2, 1).item("a", { skipped: true }).fails("b").tells();
    const now = counts({ running: 1, complete: 1, skipped: 1, failed: 1 });
    await open(new BatchServer(told.events, body({ tail_seq: 6, counts: now, eta_ms: 60_000, cost_usd: 0.25 })));
    expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("portfolio");
    expect(screen.getByRole("progressbar").getAttribute("aria-valuetext")).toBe("2 of 3 done, 1 failed");
    expect([count("Complete"), count("Running"), count("Failed")]).toEqual(["11 skipped", "1", "1"]);
    expect(document.body.textContent).toContain("About 1 min left");
    expect(count("Cost")).toBe("$0.250");
  });

  test("moves, with failures before the rest of its items, each a way to its run", async () => {
    const told = new BatchStory(3).item("a").tells();
    const server = await open(new BatchServer([...told.events]));
    expect(rows()).toEqual(["a"]);
    server.say(...told.fails("b").tells().events.slice(5));
    await pass(100);
    expect(rows()).toEqual(["b", "a"]);
    expect(screen.getByRole("link", { name: "b" }).getAttribute("href")).toBe("/runs/run-b");
    expect(screen.getByRole("row", { name: /^b/ }).textContent).toContain("The framework breaks its bounds");
    expect([count("Failed"), count("Complete")]).toEqual(["1", "1"]);
  });

  test("says little to those who hear it: the first failure, a quarter more, the end", async () => {
    const told = new BatchStory(8).tells();
    const server = await open(new BatchServer([...told.events], body({ tail_seq: 4, counts: counts({ waiting: 8 }) })));
    const said = (): string => document.querySelector("main > [role=status][aria-live]")?.textContent ?? "";
    const say = async (): Promise<string> => {
      server.say(...told.events.slice(server.log.length));
      await pass(100);
      return said();
    };
    told.item("a").tells();
    expect(await say()).toBe("");
    told.fails("b").tells();
    expect(await say()).toBe("25% done. 1 item failed");
    told.fails("c").tells();
    expect(await say()).toBe("25% done. 1 item failed");
    told.story.cancelled();
    expect(await say()).toBe("The batch: Cancelled. 2 items failed");
  });

  test("says nothing of the time that is left before an item of it has ended", async () => {
    const told = new BatchStory(2, 2).tells();
    const server = new BatchServer(
      [...told.events],
      body({ counts: counts({ waiting: 2, running: 2 }), eta_ms: 60_000, tail_seq: 4 }),
    );
    await open(server);
    expect(document.body.textContent).not.toContain("left");
    server.say(...told.item("a").tells().events.slice(4));
    await pass(100);
    expect(document.body.textContent).toContain("About 1 min left");
  });

  test("says what it waits for, and what is under way", async () => {
    const told = new BatchStory(2, 1).tells("600 runs a minute are begun: the next in 20 s");
    const server = new BatchServer(told.events, body({ counts: counts({ waiting: 2, running: 1 }), tail_seq: 3 }));
    const live = { run_id: "run-x", pipeline: "vision_framework", title: "Acme", status: "running", progress: 41.5 };
    server.routes.set("/api/runs", () => json({ runs: [live], cursor: 1 }));
    await open(server);
    expect(document.body.textContent).toContain("the next in 20 s");
    const here = within(screen.getByRole("region", { name: "Under way" }));
    expect(here.getByRole("link", { name: "Acme 41%" }).getAttribute("href")).toBe("/runs/run-x");
  });

  test("is paused and goes on again", async () => {
    const told = new BatchStory(2).tells();
    const server = new BatchServer([...told.events]);
    for (const wish of ["pause", "unpause"]) {
      server.routes.set(`/api/runs/${BATCH_ID}/${wish}`, () => json({ run_id: BATCH_ID, status: "running" }, 202));
    }
    await open(server);
    await press("Pause");
    server.say(...told.story.say("run_paused").events.slice(4));
    await pass(100);
    expect(document.body.textContent).toContain("No further item begins.");
    await press("Resume");
    expect(server.sent("POST", `/api/runs/${BATCH_ID}/pause`)).toBe(1);
    expect(server.sent("POST", `/api/runs/${BATCH_ID}/unpause`)).toBe(1);
  });

  test("is cancelled by those who say it twice", async () => {
    const told = new BatchStory(2, 1).tells();
    const server = new BatchServer([...told.events], body({ counts: counts({ waiting: 2, running: 1 }) }));
    server.routes.set(`/api/runs/${BATCH_ID}/cancel`, () => json({ run_id: BATCH_ID, status: "cancelled" }, 202));
    await open(server);
    await press("Cancel batch");
    const dialog = within(screen.getByRole("alertdialog"));
    expect(dialog.getByText(/^1 run under way ends with it/)).toBeTruthy();
    fireEvent.click(dialog.getByRole("button", { name: "Keep it running" }));
    await pass();
    expect(server.sent("POST", `/api/runs/${BATCH_ID}/cancel`)).toBe(0);
    await press("Cancel batch");
    fireEvent.click(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Cancel batch" }));
    await pass(100);
    server.say(...told.story.say("cancel_requested").cancelled().events.slice(4));
    await pass(100);
    expect(screen.queryByRole("alertdialog")).toBeNull();
    // What was given up was not done.
    expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("0");
    expect([count("Cancelled"), screen.getByRole("button", { name: "Do what is left" })]).toEqual([
      "3",
      expect.anything(),
    ]);
  });
});

describe("a batch that has ended", () => {
  const ended = (): BatchServer => {
    const told = new BatchStory(4).item("a").fails("b").fails("c", "No answer").fails("d").tells();
    told.story.done({});
    const now = counts({ complete: 1, failed: 3 });
    const more = { status: "complete", duration: 61_000, progress: 100, tail_seq: 9 } as const;
    return new BatchServer(told.events, body({ ...more, counts: now }));
  };

  test("says what failed, why, and leads to the batch that does it again", async () => {
    const server = ended();
    const again = "01938f3a-7c4e-7d2a-9b1f-000000000000";
    server.routes.set(`/api/batches/${BATCH_ID}/retry`, () => json({ batch_id: again }, 202));
    await open(server);
    expect(screen.getByRole("heading", { name: "3 items failed" })).toBeTruthy();
    const reasons = screen.getAllByRole("listitem").map(({ textContent }) => textContent);
    expect(reasons).toEqual([
      "The framework breaks its bounds 2 itemsIn two places.",
      "No answer 1 itemIn two places.",
    ]);
    await press("Retry failures");
    expect(location.pathname).toBe(`/batches/${again}`);
    const [asked] = server.asked.filter(({ method }) => method === "POST");
    expect(asked?.headers.get("Idempotency-Key")).toMatch(/^\w{32}$/);
  });

  test("asks for the same retry again when its answer was lost", async () => {
    const server = ended();
    let tries = 0;
    server.routes.set(`/api/batches/${BATCH_ID}/retry`, () => {
      tries += 1;
      return tries === 1 ? problem(503, "The store does not answer") : json({ batch_id: "other" }, 202);
    });
    await open(server);
    await press("Retry failures");
    expect(screen.getByRole("alert").textContent).toContain("The store does not answer");
    await press("Retry failures");
    const keys = server.asked
      .filter(({ method }) => method === "POST")
      .map(({ headers }) => headers.get("Idempotency-Key"));
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
  });

  test("leads to where it comes from and where it goes on, and to its results", async () => {
    const server = ended();
    server.told = { ...server.told, forked_from: "before-111111", forks: ["after-222222"] };
    await open(server);
    expect(screen.getByRole("link", { name: "111111" }).getAttribute("href")).toBe("/batches/before-111111");
    expect(screen.getByRole("link", { name: "222222" }).getAttribute("href")).toBe("/batches/after-222222");
    const results = screen.getByRole("link", { name: "Download results" });
    expect(results.getAttribute("href")).toBe(`/api/batches/${BATCH_ID}/results`);
    expect(screen.queryByRole("button", { name: "Pause" })).toBeNull();
    expect(server.sent("GET", `/api/batches/${BATCH_ID}`)).toBeLessThanOrEqual(2);
  });

  test("gives its results as a table too, called like the batch", async () => {
    const server = ended();
    server.told = { ...server.told, name: "../Q3: Börse\u202e" };
    server.routes.set(`/api/batches/${BATCH_ID}/results`, () => new Response("key\r\n"));
    const saved: string[] = [];
    Object.assign(URL, { createObjectURL: () => "blob:table", revokeObjectURL: () => undefined });
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.download);
    });
    await open(server);
    await press("Download as CSV");
    const asked = server.asked.find(({ path }) => path.endsWith("/results"));
    expect([asked?.headers.get("Accept"), saved]).toEqual(["text/csv", ["q3-börse.csv"]]);
  });

  test("shows its items in pages, and finds them", async () => {
    const told = new BatchStory(120);
    for (let at = 0; at < 120; at += 1) told.item(`key-${at}`, { skipped: at < 2 });
    told.tells().story.done({});
    const now = counts({ complete: 120, skipped: 2 });
    await open(new BatchServer(told.events, body({ status: "complete", counts: now, tail_seq: told.events.length })));
    expect([rows().length, rows()[0]]).toEqual([50, "key-0"]);
    await press("Next page");
    expect(rows()[0]).toBe("key-50");
    expect(document.body.textContent).toContain("51 to 100 of 120");
    fireEvent.change(screen.getByRole("searchbox"), { target: { value: "119" } });
    await pass();
    expect(rows()).toEqual(["key-119"]);
    fireEvent.change(screen.getByRole("searchbox"), { target: { value: "" } });
    fireEvent.change(screen.getByLabelText("Show"), { target: { value: "skipped" } });
    await pass();
    expect(rows()).toEqual(["key-0", "key-1"]);
    expect(screen.getByRole("row", { name: /key-0/ }).textContent).toContain("Skipped");
    expect(screen.queryByRole("button", { name: /Retry|Do what/ })).toBeNull();
  });
});

test("a batch that is not there says so, and is asked for again", async () => {
  const server = new BatchServer([]);
  const path = `/api/batches/${BATCH_ID}`;
  const there = server.routes.get(path);
  server.routes.set(path, () => problem(404, "No batch", { type: "/problems/unknown-batch" }));
  await open(server);
  expect(screen.getByRole("alert").textContent).toContain("There is no such batch");
  if (there) server.routes.set(path, there);
  await press("Try again");
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("portfolio");
});
