// @vitest-environment jsdom

import { fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, test } from "vitest";
import { named } from "../../src/app/stats/bars.tsx";
import { totalOf } from "../../src/app/stats/facts.tsx";
import { StatsPage } from "../../src/app/stats/stats-page.tsx";
import type { Stats, Usage } from "../../src/core/stats.ts";
import { pageStandsStill, pass, show } from "../react/harness.tsx";
import { json, problem, Server } from "../server.ts";
import { FIRST_TS } from "../story.ts";

pageStandsStill();
beforeEach(() => history.replaceState(null, "", "/stats"));

const PLAN = [{ step: "scoring", label: "Score sections", after: [] }];
const PIPELINES = [{ name: "vision_framework", label: "Vision Framework", plan: PLAN, input_schema: {}, examples: [] }];

function day(number: number, more: Partial<Usage> = {}): Usage {
  const known = { input_tokens: 1000, output_tokens: 500, cost_usd: 0.25, cost_complete: true };
  return { day: `2026-11-${String(number).padStart(2, "0")}`, runs: 1, ...known, ...more };
}

const NOTHING: Usage = { ...day(14), runs: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0 };
const STATS: Stats = {
  generated_at: FIRST_TS,
  days: 7,
  runs: {
    total: 20,
    by_status: { complete: 16, error: 3, cancelled: 1 },
    by_pipeline: { vision_framework: 15, refine: 5 },
  },
  steps: [
    { pipeline: "vision_framework", step: "scoring", runs: 12, p50_ms: 8200, p90_ms: 12_400, failed: 3 },
    { pipeline: "vision_framework", step: "gone_step", runs: 0, p50_ms: null, p90_ms: null, failed: 0 },
  ],
  failures: [{ title: "The model gave no answer", step: "scoring", runs: 3 }],
  usage: [NOTHING, day(15), day(16), day(17), day(18), day(19, { cost_usd: 1.5 }), day(20, { runs: 15 })],
  viewers: 4,
  abandoned: 2,
  prefect_owed: 1,
  alerts: [],
};

function serving(stats: Stats | (() => Response)): Server {
  const server = new Server();
  server.routes.set("/api/pipelines", () => json(PIPELINES));
  server.routes.set("/api/stats", typeof stats === "function" ? stats : () => json(stats));
  return server;
}

async function open(stats: Stats | (() => Response) = STATS): Promise<Server> {
  const server = serving(stats);
  show(server, <StatsPage />);
  await pass();
  return server;
}

/** What was asked for, each once: in development React begins everything twice. */
function asked(server: Server): string[] {
  return [...new Set(server.asked.map(({ path }) => path).filter((path) => path.startsWith("/api/stats")))];
}

function fact(name: string): string {
  return screen.getByText(name, { selector: "dt" }).nextElementSibling?.textContent ?? "";
}

function cells(table: HTMLElement): string[][] {
  const rows = within(table).getAllByRole("row").slice(1);
  return rows.map((row) => [...row.children].map(({ textContent }) => textContent));
}

describe("the figures", () => {
  test("are there in short", async () => {
    await open();
    expect(fact("Runs")).toBe("20");
    expect(fact("Failed")).toBe("315% of those that ended");
    expect(fact("Cost")).toBe("$2.75$0.138 a run");
    expect(fact("Tokens")).toBe("9K6K read, 3K written");
    expect([fact("Watching now"), fact("Left early"), fact("Owed to Prefect")].map((words) => words[0])).toEqual([
      "4",
      "2",
      "1",
    ]);
    expect(screen.getByText("16 runs, 80%")).toBeTruthy();
    expect(screen.getByText("Nothing is slower or fails more than it should.")).toBeTruthy();
  });

  test("tell of each step how long it takes and how often runs end in it", async () => {
    await open();
    expect(cells(screen.getByRole("region", { name: "Steps" }))).toEqual([
      ["Score sectionsVision Framework", "12", "8.2 s", "12 s", "3 20%"],
      ["Gone stepVision Framework", "0", "–", "–", "0"],
    ]);
    expect(cells(screen.getByRole("region", { name: "What failed" }))).toEqual([
      ["The model gave no answer", "Scoring", "3"],
    ]);
  });

  test("name steps in the order in which they are done", async () => {
    const step = (pipeline: string, name: string): Stats["steps"][number] => ({
      ...(STATS.steps[1] as Stats["steps"][number]),
      pipeline,
      step: name,
    });
    const [gone, brief, scoring] = ["a_gone_one", "brief", "scoring"].map((name) => step("vision_framework", name));
    const steps = [gone, brief, scoring].filter((each) => each !== undefined);
    await open({ ...STATS, steps });
    expect(
      cells(screen.getByRole("region", { name: "Steps" })).map(([name]) => name?.replace("Vision Framework", "")),
    ).toEqual(["Score sections", "A gone one", "Brief"]);
  });

  test("show usage as a picture, in a sentence, and as a table", async () => {
    await open();
    const names = screen.getAllByRole("img").map((picture) => picture.getAttribute("aria-label"));
    expect(names).toEqual([
      "Cost by day: $2.75 in all, most on Nov 19: $1.50.",
      "Tokens by day: 9K in all, most on Nov 15: 1.5K.",
    ]);
    // A day on which nothing happened has its place, and no bar.
    const [cost, tokens] = screen.getAllByRole("img").map((picture) => picture.querySelectorAll("[data-part]").length);
    expect([cost, tokens]).toEqual([6, 12]);
    const table = cells(screen.getByRole("region", { name: "Usage by day", hidden: true }));
    expect([table.length, table.at(-1)]).toEqual([7, ["Nov 20", "15", "1,000", "500", "$0.250"]]);
  });

  test("do not call a price that nobody knows zero", async () => {
    const usage = [day(19, { cost_usd: null, cost_complete: false })];
    await open({ ...STATS, days: 1, usage });
    expect(fact("Cost")).toBe("unknown");
    expect(cells(screen.getByRole("region", { name: "Usage by day", hidden: true }))[0]?.at(-1)).toBe("unknown");
    expect(screen.queryByRole("img", { name: /^Cost/ })).toBeNull();
    expect(totalOf([day(1), day(2, { cost_usd: 1, cost_complete: false })])).toMatchObject({
      cost_usd: 1.25,
      cost_complete: false,
    });
    expect(totalOf([NOTHING])).toMatchObject({ cost_usd: 0, cost_complete: true });
  });

  test("are of the days that are chosen, which stay in the address", async () => {
    const server = await open();
    fireEvent.change(screen.getByLabelText("Period"), { target: { value: "30" } });
    await pass();
    expect([location.search, asked(server)]).toEqual(["?days=30", ["/api/stats?days=7", "/api/stats?days=30"]]);
    expect(screen.queryByRole("status")).toBeNull();
  });

  test.each([
    ["?days=12", 12],
    ["?days=400", 7],
    ["?days=x", 7],
  ])("of the address %s are those of %i days", async (search, days) => {
    history.replaceState(null, "", `/stats${search}`);
    expect(asked(await open())).toEqual([`/api/stats?days=${days}`]);
    expect((screen.getByLabelText("Period") as HTMLSelectElement).value).toBe(String(days));
  });

  test("are asked for again while somebody looks", async () => {
    let viewers = 4;
    const server = await open(() => json({ ...STATS, viewers }));
    viewers = 5;
    const before = server.asked.length;
    await pass(30_000);
    expect([server.asked.length - before, fact("Watching now")[0]]).toEqual([1, "5"]);
  });
});

describe("an alert", () => {
  test("says what, how much, and since when", async () => {
    const since = FIRST_TS - 3_720_000;
    const where = { pipeline: "vision_framework", step: "scoring" };
    const alerts: Stats["alerts"] = [
      { kind: "step_slow", ...where, value: 48_000, limit: 24_800, since },
      { kind: "step_failures", ...where, value: 0.125, limit: 0.01, since },
      { kind: "stream_failures", value: 0.08, limit: 0.05, since },
    ];
    await open({ ...STATS, alerts });
    const said = within(screen.getByRole("heading", { name: "Alerts" }).parentElement as HTMLElement);
    expect(
      said.getAllByRole("listitem").map(({ textContent }) => textContent?.replace(/Since .*, for /, " | ")),
    ).toEqual([
      "Score sections took 48 s; more than 25 s is slow | 1 h 2 min",
      "Score sections failed in 13% of the runs; the limit is 1% | 1 h 2 min",
      "8% of the streams failed; the limit is 5% | 1 h 2 min",
    ]);
  });
});

describe("figures that are not there", () => {
  test("are being loaded", async () => {
    await open(() => new Promise<Response>(() => undefined) as unknown as Response);
    expect(screen.getByRole("status").textContent).toBe("Loading…");
    expect(screen.getByRole("main").getAttribute("aria-busy")).toBe("true");
  });

  test("say why, and are asked for again", async () => {
    let broken = true;
    await open(() => (broken ? problem(503, "The store does not answer") : json(STATS)));
    expect(screen.getByRole("alert").textContent).toContain("The store does not answer");
    broken = false;
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await pass();
    expect(fact("Runs")).toBe("20");
    expect(screen.queryByRole("alert")).toBeNull();
    broken = true;
    await pass(30_000);
    // What was known is still to be seen.
    expect([fact("Runs"), screen.getByRole("alert").textContent]).toEqual(["20", expect.stringContaining("store")]);
  });

  test("where nothing was started, it is said, and where to begin", async () => {
    const runs = { total: 0, by_status: {}, by_pipeline: {} };
    await open({ ...STATS, runs, steps: [], failures: [], usage: [NOTHING], abandoned: 0 });
    expect(screen.getByText("Nothing was started in these days.")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Start a run" }).getAttribute("href")).toBe("/new");
    expect(screen.getByRole("link", { name: "Look at 90 days" }).getAttribute("href")).toBe("/stats?days=90");
    expect(screen.queryByRole("img")).toBeNull();
    // What is owed is owed from before.
    expect(fact("Owed to Prefect")[0]).toBe("1");
  });
});

test("of many days some are named, the first and the last among them", () => {
  expect([1, 2, 7, 90].map(named)).toEqual([[0], [0, 1], [0, 2, 4, 6], [0, 30, 59, 89]]);
});
