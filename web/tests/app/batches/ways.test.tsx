// @vitest-environment jsdom

import { screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { GenerationHost } from "../../../src/app/generation.tsx";
import { RunPage } from "../../../src/app/run/run-page.tsx";
import { RunsPage } from "../../../src/app/runs/runs-page.tsx";
import { foldAll } from "../../../src/core/fold.ts";
import { opening } from "../../../src/core/view.ts";
import { ListServer, run } from "../../list-server.ts";
import { pageStandsStill, pass, show } from "../../react/harness.tsx";
import { json, Server } from "../../server.ts";
import { toSnapshot } from "../../shape.ts";
import { goodStory, RUN_ID } from "../../story.ts";
import { BATCH_ID } from "./batch-server.ts";

pageStandsStill();
beforeEach(() => {
  vi.stubGlobal("scrollTo", () => undefined);
});

async function openRun(more: object): Promise<void> {
  const { events } = goodStory();
  const server = new Server(events);
  const known = toSnapshot(foldAll(opening(RUN_ID), events));
  server.routes.set(`/api/runs/${RUN_ID}`, () => json({ ...known, ...more }));
  server.routes.set("/api/pipelines", () => json([]));
  history.replaceState(null, "", `/runs/${RUN_ID}`);
  show(
    server,
    <GenerationHost>
      <RunPage runId={RUN_ID} />
    </GenerationHost>,
  );
  await pass(200);
}

test("the page of a run that is a batch leads to the page of the batch, and back leads over both", async () => {
  const before = history.length;
  await openRun({ pipeline: "batch", status: "running" });
  expect([location.pathname, history.length - before]).toEqual([`/batches/${RUN_ID}`, 0]);
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("the page of a run that is an item leads to its batch", async () => {
  await openRun({ pipeline: "extract", about: BATCH_ID });
  const way = screen.getByText(/Part of a batch/).querySelector("a");
  expect(way?.getAttribute("href")).toBe(`/batches/${BATCH_ID}`);
});

test("a refinement is about a run, which is no batch", async () => {
  await openRun({ pipeline: "refine", about: BATCH_ID });
  expect(screen.queryByText(/Part of a batch/)).toBeNull();
});

test("a batch among the runs leads to its own page", async () => {
  history.replaceState(null, "", "/runs");
  const server = new ListServer([run(2, 1, { pipeline: "batch", title: "portfolio" }), run(1, 1, { title: "Acme" })]);
  server.routes.set("/api/pipelines", () => json([]));
  show(server, <RunsPage />);
  await pass();
  const ways = ["portfolio", "Acme"].map((name) => screen.getByRole("link", { name }).getAttribute("href"));
  expect(ways).toEqual([`/batches/${run(2).run_id}`, `/runs/${run(1).run_id}`]);
});
