// @vitest-environment jsdom

import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { BatchesPage } from "../../../src/app/batches/batches-page.tsx";
import type { SummaryBody } from "../../../src/app/batches/wire.ts";
import { ListServer, run } from "../../list-server.ts";
import { pageStandsStill, pass, show } from "../../react/harness.tsx";
import { json, problem } from "../../server.ts";
import { counts } from "./batch-server.ts";

pageStandsStill();
beforeEach(() => {
  history.replaceState(null, "", "/batches");
  vi.stubGlobal("scrollTo", () => undefined);
});

const TEXT = { type: "string", minLength: 1, maxLength: 20 };
const SCHEMA = { properties: { company_name: TEXT }, required: ["company_name"], additionalProperties: false };
const PIPELINES = [
  {
    ...{ name: "vision_framework", label: "Vision Framework", plan: [], input_schema: SCHEMA },
    examples: [{ name: "one", input: { company_id: "acme", company_name: "Acme" } }],
  },
  { name: "refine", label: "Refinement", plan: [], input_schema: {}, examples: [] },
  { name: "batch", label: "Batch", plan: [], input_schema: {}, examples: [] },
];

function summary(id: number, more: Partial<SummaryBody> = {}): SummaryBody {
  const { run_id } = run(id);
  return { batch_id: run_id, name: `Batch ${id}`, status: "running", progress: 0, tail_seq: 1, ...more };
}

async function open(batches: readonly SummaryBody[] = []): Promise<ListServer> {
  const server = new ListServer([]);
  server.routes.set("/api/pipelines", () => json(PIPELINES));
  server.routes.set("/api/batches", ({ method, path }) => {
    if (method === "POST") return json({ batch_id: "new-batch" }, 202);
    const after = new URLSearchParams(path.split("?")[1]).get("after");
    const from = after ? batches.findIndex(({ batch_id }) => batch_id === after) + 1 : 0;
    const page = batches.slice(from, from + 2);
    const more = from + 2 < batches.length ? { next_after: page.at(-1)?.batch_id } : {};
    return json({ batches: page, cursor: 3, ...more });
  });
  show(server, <BatchesPage />);
  await pass();
  return server;
}

async function choose(name: string, ...lines: readonly (string | object)[]): Promise<void> {
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
  // As browsers have it; jsdom's has no `text`.
  const file = Object.assign(new File([text], name), { text: () => Promise.resolve(text) });
  fireEvent.change(screen.getByLabelText("JSONL file"), { target: { files: [file] } });
  await pass();
}

function rows(): string[] {
  return [...document.querySelectorAll("tbody th a")].map(({ textContent }) => textContent);
}

function starts(server: ListServer) {
  return server.asked.filter(({ method }) => method === "POST");
}

async function press(name: string | RegExp): Promise<void> {
  fireEvent.click(screen.getByRole("button", { name }));
  await pass();
}

describe("the list of batches", () => {
  test("is shown in pages, and is live", async () => {
    const server = await open([3, 2, 1].map((id) => summary(id)));
    expect(rows()).toEqual(["Batch 3", "Batch 2"]);
    const moved = { title: "Batch 2", pipeline: "batch", counts: counts({ waiting: 5, complete: 4, failed: 1 }) };
    server.change(4, run(2, 7, moved));
    server.change(5, run(4, 1, { title: "Batch 4", pipeline: "batch" }));
    await pass();
    expect(rows()).toEqual(["Batch 4", "Batch 3", "Batch 2"]);
    expect(screen.getByRole("row", { name: /Batch 2/ }).textContent).toContain("5 of 101 failed");
    expect(screen.getByRole("link", { name: "Batch 2" }).getAttribute("href")).toBe(`/batches/${run(2).run_id}`);
    await press("Load older batches");
    expect(rows()).toEqual(["Batch 4", "Batch 3", "Batch 2", "Batch 1"]);
    expect(screen.queryByRole("button", { name: "Load older batches" })).toBeNull();
  });

  test("asks the feed for batches alone, from where the list was", async () => {
    const server = await open([summary(1)]);
    const [asked] = server.asked.filter(({ path }) => path.startsWith("/api/runs/events"));
    expect([asked?.path, asked?.headers.get("Last-Event-ID")]).toEqual(["/api/runs/events?pipeline=batch", "3"]);
  });

  test("drops one that was removed", async () => {
    const server = await open([summary(2), summary(1)]);
    const gone = { type: "run_left", cursor: 1, run_id: run(2).run_id, status: "gone" };
    server.raw(`event: run_left\ndata: ${JSON.stringify(gone)}\n\n`);
    await pass();
    expect(rows()).toEqual(["Batch 1"]);
  });

  test("that is empty shows what a batch is, with a sample to begin with", async () => {
    await open();
    expect(document.querySelector("pre")?.textContent).toContain('{"key":"acme","input":{"company_id":"acme"');
    expect(screen.getByRole("button", { name: "Save the sample" })).toBeTruthy();
    await press("Try it with a sample");
    expect(screen.getByText("sample.jsonl")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Try it with a sample" })).toBeNull();
  });
});

describe("a file", () => {
  test("is shown with its first lines, and started as it is", async () => {
    const server = await open();
    const lines = [1, 2, 3, 4, 5, 6, 7].map((id) => ({ key: `k${id}`, input: { company_name: `Acme ${id}` } }));
    await choose("portfolio.jsonl", ...lines);
    expect(screen.getByText("7 items, nothing wrong with any of them")).toBeTruthy();
    expect([...document.querySelectorAll("tbody tr")].map(({ textContent }) => textContent)).toEqual([
      ...[1, 2, 3, 4, 5].map((id) => `${id}k${id}Acme ${id}`),
      "2 more lines like these",
    ]);
    fireEvent.change(screen.getByLabelText("At once"), { target: { value: "20" } });
    fireEvent.change(screen.getByLabelText("Budget per item, US dollars"), { target: { value: "$0.5" } });
    await press("Start 7 runs");
    const [asked] = starts(server);
    expect(asked?.path).toBe("/api/batches?name=portfolio&pipeline=vision_framework&concurrency=20&max_cost_usd=0.5");
    expect(asked?.headers.get("Content-Type")).toBe("application/x-ndjson");
    expect(asked?.body).toBe(lines.map((line) => JSON.stringify(line)).join("\n"));
    expect(location.pathname).toBe("/batches/new-batch");
  });

  test("with something wrong is not sent, and says what it is at each line", async () => {
    const server = await open();
    const good = Array.from({ length: 10 }, (_, at) => ({ company_name: `Acme ${at}` }));
    await choose("portfolio.jsonl", ...good, '{"company_name"', { company_name: "" });
    expect(screen.getByText("2 lines need a change")).toBeTruthy();
    expect([...document.querySelectorAll("tbody tr")].slice(5).map(({ textContent }) => textContent)).toEqual([
      "… 5 lines between …",
      '11–{"company_name"This is no JSON.',
      "12by its contentcompany_name: It is empty.",
    ]);
    const button = screen.getByRole<HTMLButtonElement>("button", { name: "Start 12 runs" });
    expect(button.disabled).toBe(true);
    fireEvent.submit(button);
    await pass();
    expect(starts(server)).toEqual([]);
    await choose("portfolio.jsonl", ...good);
    expect(screen.getByText("10 items, nothing wrong with any of them")).toBeTruthy();
  });

  test("that the server refuses says it at the lines that it means, and at fields", async () => {
    const server = await open();
    const errors = [
      { pointer: "/items/1/input/company_name", detail: "Line 3: company_name is no name." },
      { pointer: "/name", detail: "That is no name either." },
    ];
    server.next.push(() => problem(422, "The input is not valid", { errors }));
    await choose("portfolio.jsonl", { company_name: "Acme" }, "", { company_name: "Globex" });
    await press("Start 2 runs");
    expect(screen.getByText("1 line needs a change")).toBeTruthy();
    expect(document.querySelectorAll("tbody tr")[1]?.textContent).toBe("3by its contentGlobexcompany_name is no name.");
    const name = screen.getByLabelText<HTMLInputElement>("Name");
    expect(document.getElementById(name.getAttribute("aria-describedby")?.split(" ")[1] ?? "")?.textContent).toBe(
      "That is no name either.",
    );
    fireEvent.change(name, { target: { value: "Better" } });
    expect(name.getAttribute("aria-invalid")).toBeNull();
  });

  test("is sent under the same key when the answer was lost, and under another when it is another batch", async () => {
    const server = await open();
    await choose("portfolio.jsonl", { company_name: "Acme" });
    server.next.push(
      () => problem(503, "The store does not answer"),
      () => problem(503, "The store does not answer"),
    );
    await press("Start 1 run");
    expect(screen.getByRole("alert").textContent).toContain("The store does not answer");
    await press("Start 1 run");
    fireEvent.change(screen.getByLabelText("Name"), { target: { value: "another" } });
    await press("Start 1 run");
    const keys = starts(server).map(({ headers }) => headers.get("Idempotency-Key"));
    expect([keys[0] === keys[1], keys[1] === keys[2]]).toEqual([true, false]);
  });

  test.each([
    ["Name", "  ", "Please enter a name."],
    ["At once", "101", "Please enter a whole number from 1 to 100."],
    ["Budget per item, US dollars", "0", "Please enter an amount of more than 0, or nothing."],
  ])("is not started with a %s of “%s”", async (label, value, words) => {
    const server = await open();
    await choose("portfolio.jsonl", { company_name: "Acme" });
    fireEvent.change(screen.getByLabelText(label), { target: { value } });
    await press("Start 1 run");
    expect(screen.getByText(words)).toBeTruthy();
    expect(starts(server)).toEqual([]);
  });

  test("may be dropped, and taken away again", async () => {
    await open();
    const text = JSON.stringify({ company_name: "Acme" });
    const file = Object.assign(new File([text], "dropped.jsonl"), { text: () => Promise.resolve(text) });
    fireEvent.drop(screen.getByText("Drop a JSONL file here"), { dataTransfer: { files: [file] } });
    await pass();
    expect(screen.getByText("1 item, nothing wrong with any of them")).toBeTruthy();
    await press("Remove this file");
    expect(screen.getByText("Drop a JSONL file here")).toBeTruthy();
    expect(screen.queryByRole("button", { name: /^Start/ })).toBeNull();
  });

  test("that is too large, or cannot be read, says so", async () => {
    await open();
    const large = Object.defineProperty(new File(["{}"], "large.jsonl"), "size", { value: 17 * 1024 * 1024 });
    fireEvent.change(screen.getByLabelText("JSONL file"), { target: { files: [large] } });
    await pass();
    expect(screen.getByText("The file is larger than 16 MB.")).toBeTruthy();
    const lost = Object.assign(new File(["{}"], "lost.jsonl"), { text: () => Promise.reject(new Error("gone")) });
    fireEvent.change(screen.getByLabelText("JSONL file"), { target: { files: [lost] } });
    await pass();
    expect(screen.getByText(/The browser cannot read this file/)).toBeTruthy();
  });
});
