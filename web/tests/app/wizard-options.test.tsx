// @vitest-environment jsdom

import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { GenerationHost } from "../../src/app/generation.tsx";
import { Wizard } from "../../src/app/new/wizard.tsx";
import { ToastHost } from "../../src/app/toast.tsx";
import { expectAccessible, withDialogs } from "../components/dom.ts";
import { pageStandsStill, pass, show } from "../react/harness.tsx";
import { json, problem, Server } from "../server.ts";
import { RUN_ID, story } from "../story.ts";

vi.setConfig({ testTimeout: 20_000 });
pageStandsStill();
beforeEach(() => {
  withDialogs();
  localStorage.clear();
});

const ASKS = { default: "fail", enum: ["fail", "ask"], title: "When the framework stays invalid", type: "string" };

function pipeline(more: object): object {
  const company = {
    maxLength: 100,
    minLength: 1,
    title: "Company name",
    description: "As it is called.",
    type: "string",
  };
  const properties = { company_name: company, ...more };
  const input_schema = { type: "object", properties, required: ["company_name"] };
  return { name: "vision_framework", label: "Vision Framework", plan: [], input_schema, examples: [] };
}

async function wizard(more: object = { on_invalid: ASKS }): Promise<Server> {
  const server = new Server(story().started("brief").events);
  server.routes.set("/api/pipelines", () => json([pipeline(more)]));
  server.routes.set("/api/runs", () => json({ run_id: RUN_ID, events_url: `/api/runs/${RUN_ID}/events` }, 202));
  show(
    server,
    <ToastHost>
      <GenerationHost>
        <Wizard />
      </GenerationHost>
    </ToastHost>,
  );
  for (let tries = 0; tries < 100 && !screen.queryByLabelText("Company name"); tries++) await pass();
  fireEvent.change(screen.getByLabelText("Company name"), { target: { value: "Acme" } });
  return server;
}

function budget(): HTMLInputElement {
  return screen.getByLabelText<HTMLInputElement>("Budget in US dollars");
}

async function generate(): Promise<void> {
  fireEvent.click(screen.getByRole("button", { name: "Generate" }));
  await pass(300);
}

function started(server: Server): unknown[] {
  return server.asked.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body ?? "") as unknown);
}

test("a run is started without options that nobody chose", async () => {
  const server = await wizard();
  await generate();
  expect(started(server)).toEqual([{ pipeline: "vision_framework", input: { company_name: "Acme" } }]);
});

test("a budget, and that somebody wants to be asked, go with the run and are kept with the draft", async () => {
  const server = await wizard();
  fireEvent.change(budget(), { target: { value: "$ 0.5" } });
  fireEvent.click(screen.getByLabelText("Ask me what to do"));
  expect(screen.getByText("at most $0.5, asks you when in doubt")).toBeTruthy();
  await pass(1000);
  expect(localStorage.getItem("stepglass.draft.vision_framework")).toContain('"on_invalid":"ask"');
  await generate();
  const input = { company_name: "Acme", on_invalid: "ask" };
  expect(started(server)).toEqual([{ pipeline: "vision_framework", input, max_cost_usd: 0.5 }]);
});

test("a budget that is none is said at its field, which is shown for it", async () => {
  const server = await wizard();
  fireEvent.change(budget(), { target: { value: "a lot" } });
  await generate();
  expect(started(server)).toEqual([]);
  expect(document.activeElement).toBe(budget());
  expect(budget().closest("details")?.open).toBe(true);
  expect(screen.getByText("Please enter an amount of more than 0, or nothing.")).toBeTruthy();
  vi.useRealTimers();
  await expectAccessible(document.body);
  vi.useFakeTimers();
});

test("what the server has against a budget is said at its field", async () => {
  const server = await wizard();
  fireEvent.change(budget(), { target: { value: "1e13" } });
  const errors = [{ pointer: "/max_cost_usd", detail: "It may be at most 1000000." }];
  server.routes.set("/api/runs", () =>
    problem(422, "The input is not valid", { type: "/problems/invalid-input", errors }),
  );
  await generate();
  expect(screen.getByText("It may be at most 1000000.")).toBeTruthy();
  expect(budget().closest("details")?.open).toBe(true);
});

test("a pipeline that cannot ask does not offer it, and clearing the answers leaves the options", async () => {
  await wizard({});
  expect(screen.queryByLabelText("Ask me what to do")).toBeNull();
  fireEvent.change(budget(), { target: { value: "2" } });
  fireEvent.click(screen.getByRole("button", { name: "Clear" }));
  await pass();
  expect(screen.getByLabelText<HTMLInputElement>("Company name").value).toBe("");
  expect(budget().value).toBe("2");
  expect(screen.queryByRole("button", { name: "Clear" }), "options are no answers").toBeNull();
});
