// @vitest-environment jsdom

import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, describe, expect, test } from "vitest";
import { RunsPage } from "../../src/app/runs/runs-page.tsx";
import type { RunBody } from "../../src/core/wire.ts";
import { ListServer, run } from "../list-server.ts";
import { pageStandsStill, pass, show } from "../react/harness.tsx";
import { json } from "../server.ts";

pageStandsStill();
beforeEach(() => history.replaceState(null, "", "/runs"));

const PIPELINES = [
  { name: "vision_framework", label: "Vision Framework", plan: [], input_schema: {}, examples: [] },
  { name: "refine", label: "Refinement", plan: [], input_schema: {}, examples: [] },
];

function many(count: number, more: Partial<RunBody> = {}): RunBody[] {
  return Array.from({ length: count }, (_, at) => run(count - at, 1, { title: `Company ${count - at}`, ...more }));
}

async function open(server: ListServer): Promise<HTMLElement> {
  server.routes.set("/api/pipelines", () => json(PIPELINES));
  const { container } = show(server, <RunsPage />);
  await pass();
  return container;
}

function rows(): string[] {
  return [...document.querySelectorAll("tbody th a")].map(({ textContent }) => textContent);
}

function press(name: string): void {
  fireEvent.click(screen.getByRole("button", { name }));
}

async function choose(label: string, value: string): Promise<void> {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
  await pass();
}

describe("the list of runs", () => {
  test("names them after their companies, and says what they are", async () => {
    await open(new ListServer(many(2)));
    expect(rows()).toEqual(["Company 2", "Company 1"]);
    expect(screen.getAllByRole("rowheader")[0]?.textContent).toContain("Vision Framework");
  });

  test("leaves refinements out until they are asked for", async () => {
    const refined = run(9, 1, { pipeline: "refine", title: "Vision of Company 1" });
    await open(new ListServer([refined, ...many(2)]));
    expect(rows()).toEqual(["Company 2", "Company 1"]);
    await choose("Pipeline", "all");
    expect(rows()).toEqual(["Vision of Company 1", "Company 2", "Company 1"]);
    await choose("Pipeline", "refine");
    expect(rows()).toEqual(["Vision of Company 1"]);
  });

  test("keeps what is chosen in the address, where the way back finds it", async () => {
    const server = new ListServer([...many(2), run(0, 4, { title: "Ended", status: "complete" })]);
    await open(server);
    await choose("Status", "complete");
    expect([location.search, rows()]).toEqual(["?status=complete", ["Ended"]]);
    history.back();
    await pass();
    expect([location.search, rows().length]).toEqual(["", 3]);
  });

  test("shows older ones when it is asked to, and the newer ones again", async () => {
    await open(new ListServer(many(60)));
    expect(rows()).toHaveLength(50);
    press("Load older runs");
    await pass();
    expect(rows()).toHaveLength(60);
    expect(screen.queryByRole("button", { name: "Load older runs" })).toBeNull();
  });

  test("shows a run that begins, and how it goes on", async () => {
    const server = new ListServer(many(1));
    await open(server);
    server.change(4, run(2, 1, { title: "New one" }));
    server.change(5, run(1, 9, { title: "Company 1", status: "complete", progress: 100 }));
    await pass();
    expect(rows()).toEqual(["New one", "Company 1"]);
    expect(screen.getByRole("row", { name: /Company 1/ }).textContent).toContain("Complete");
  });

  test("says that there is nothing yet, and where to begin", async () => {
    const container = await open(new ListServer([]));
    expect(screen.getByText("Nothing has been started yet.")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Start the first one" }).getAttribute("href")).toBe("/new");
    await choose("Status", "paused");
    expect(screen.getByText("No run is like that.")).toBeTruthy();
    press("Show all");
    await pass();
    expect(container.textContent).toContain("Nothing has been started yet.");
  });

  test("says why it cannot be shown, once, and tries again", async () => {
    const server = new ListServer(many(1));
    server.refuse = true;
    await open(server);
    await pass(1000);
    expect(screen.getAllByText(/The store does not answer/)).toHaveLength(1);
    server.refuse = false;
    press("Try again");
    await pass();
    expect(rows()).toEqual(["Company 1"]);
    expect(screen.queryByText(/The store does not answer/)).toBeNull();
  });

  test("lets two be chosen, and opens them side by side", async () => {
    await open(new ListServer(many(3)));
    for (const box of screen.getAllByRole("checkbox")) fireEvent.click(box);
    expect(screen.getAllByRole("checkbox").map((box) => (box as HTMLInputElement).checked)).toEqual([
      false,
      true,
      true,
    ]);
    press("Compare");
    await pass();
    expect(new URLSearchParams(location.search).get("compare")?.split(",")).toHaveLength(2);
  });
});
