// @vitest-environment jsdom

import { act, fireEvent, screen, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { GenerationProgressModal } from "../../../src/components/generation-progress-modal.tsx";
import { foldAll } from "../../../src/core/fold.ts";
import { createReplayStore } from "../../../src/core/replay.ts";
import { createRunStore } from "../../../src/core/store.ts";
import { opening } from "../../../src/core/view.ts";
import { pageStandsStill, pass, show } from "../../react/harness.tsx";
import { json, problem, Server } from "../../server.ts";
import { FIRST_TS, RUN_ID, type Story, story } from "../../story.ts";
import { expectAccessible, withDialogs } from "../dom.ts";
import { DECISION, FRAMEWORK, ORDER } from "./schemas.ts";

pageStandsStill();
beforeEach(() => {
  withDialogs();
  localStorage.clear();
  sessionStorage.clear();
});

const WHERE = `/api/runs/${RUN_ID}/inputs`;

function going(): Story {
  return story().started("brief", "framework").start("brief").completes("brief", "x");
}

function asking(schema: object, more: object = {}, prompt = "What is to be done?"): Story {
  return going().say("input_required", { input_id: "q-1", schema, prompt, ...more });
}

function Modal(): ReactNode {
  return <GenerationProgressModal open={true} title="Acme" run={RUN_ID} onClose={() => undefined} />;
}

async function asked(schema: object, more?: object, prompt?: string): Promise<Server> {
  const server = new Server(asking(schema, more, prompt).events);
  server.routes.set(`${WHERE}/q-1`, () => json({ run_id: RUN_ID, status: "waiting" }, 202));
  show(server, <Modal />);
  await pass(300);
  return server;
}

function goesOn(server: Server, type: string, data: object): void {
  const last = server.log.at(-1);
  const event = { v: 1, run_id: RUN_ID, seq: (last?.seq ?? 0) + 1, ts: (last?.ts ?? 0) + 10, type, data };
  server.say(event as unknown as (typeof server.log)[number]);
}

function sent(server: Server): unknown[] {
  return server.asked.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body ?? "") as unknown);
}

function write(label: string | RegExp, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

async function send(): Promise<void> {
  fireEvent.click(screen.getByRole("button", { name: "Send the answer" }));
  await pass();
}

function dialog(): HTMLElement {
  return screen.getByRole("dialog", { hidden: true });
}

function said(): string[] {
  return screen.getAllByRole("status", { hidden: true }).map((each) => each.textContent ?? "");
}

const STRING = { type: "string", maxLength: 30, title: "Season", description: "As the almanac has it." };

describe("a question", () => {
  test("gets the focus when it comes, is read out, and is answered", async () => {
    const server = new Server(going().events);
    server.routes.set(`${WHERE}/q-1`, () => json({ run_id: RUN_ID, status: "waiting" }, 202));
    show(server, <Modal />);
    await pass(300);
    goesOn(server, "input_required", { input_id: "q-1", schema: STRING, prompt: "Which season?\nA word will do." });
    await pass(300);
    expect(document.activeElement?.textContent).toBe("Your answer is needed");
    expect(said()).toContain("The run asks you: Which season?");
    expect(dialog().textContent).toContain("Waits for you");

    write(/^Season/, "spring");
    await send();
    expect(sent(server)).toEqual([{ value: "spring" }]);
    expect(screen.getByRole("button", { name: "Sent" }).getAttribute("aria-disabled")).toBe("true");
    fireEvent.submit(screen.getByRole("button", { name: "Sent" }));
    await pass();
    expect(sent(server)).toHaveLength(1);

    screen.getByRole("button", { name: "Sent" }).focus();
    goesOn(server, "input_received", { input_id: "q-1", value: "spring" });
    await pass(300);
    expect(screen.queryByRole("button", { name: "Sent" })).toBeNull();
    expect(document.activeElement?.textContent, "whoever was in the form is not nowhere").toBe("Acme");
    expect(said()).toContain("The question is answered");
  });

  test("that was there before is told to whoever comes later", async () => {
    const told = asking(STRING, {}, "Which season?");
    const store = createRunStore({
      runId: RUN_ID,
      view: foldAll(opening(RUN_ID), told.events),
      fetch: new Server().fetch,
    });
    show(new Server(), <GenerationProgressModal open={true} title="Acme" run={store} onClose={() => undefined} />);
    await pass();
    expect(said()).toContain("The run asks you: Which season?");
    expect(document.activeElement?.textContent).toBe("Your answer is needed");
  });

  test("takes the focus from nobody who writes or is asked something else", async () => {
    const server = new Server(going().events);
    show(server, <Modal />);
    await pass(300);
    fireEvent.click(screen.getByRole("button", { name: "Cancel run" }));
    goesOn(server, "input_required", { input_id: "q-1", schema: STRING, prompt: "Which season?" });
    await pass(300);
    expect(document.activeElement?.textContent).toBe("Keep it running");

    screen.getByLabelText(/^Season/).focus();
    goesOn(server, "input_required", { input_id: "q-2", schema: STRING, prompt: "And which year?" });
    await pass(300);
    expect(document.activeElement).toBe(screen.getAllByLabelText(/^Season/)[0]);
    expect(screen.getAllByRole("heading", { name: /question . of 2/ })).toHaveLength(2);
    expect(said()).toContain("The run asks you: And which year?");
  });

  test("is text, whatever is in it", async () => {
    await asked(STRING, {}, "**Now** <img src=x onerror=alert(1)> [a](javascript:alert(1))\nline");
    const prompt = screen.getByText(/Now/, { selector: "p" });
    expect(prompt.children).toHaveLength(0);
    expect(prompt.textContent).toBe("**Now** <img src=x onerror=alert(1)> [a](javascript:alert(1))\nline");
  });

  test("says for how long it is waited, and what becomes of the run then", async () => {
    const expires_at = FIRST_TS + 90_000;
    await asked(DECISION, { expires_at, otherwise: { value: { action: "not_now" } } });
    const deadline = screen.getByText(/^Answer within/);
    expect(deadline.textContent).toBe(
      "Answer within 1 min 29 s. After that the run goes on with the answer “Not now”.",
    );
    expect(deadline.closest("[aria-live], [role=status]"), "a clock is not read out every second").toBeNull();
    await pass(40_000);
    expect(deadline.textContent).toContain("Answer within 49 s.");
    expect(deadline.dataset["near"]).toBe("true");
    await pass(60_000);
    expect(deadline.textContent).toContain("The time is up.");
  });

  test("that has nothing to go on with says that the run will fail", async () => {
    await asked(STRING, { expires_at: FIRST_TS + 3_600_000 });
    expect(screen.getByText(/^Answer within/).textContent).toBe(
      "Answer within 59 min 59 s. After that the run ends in error.",
    );
  });

  test("stays when the run is paused, and says that it rests", async () => {
    const server = await asked(STRING);
    goesOn(server, "run_paused", {});
    await pass(300);
    expect(dialog().textContent).toContain("The run is paused: it goes on with your answer once it is resumed.");
    write(/^Season/, "spring");
    await send();
    expect(sent(server)).toEqual([{ value: "spring" }]);
  });

  test("makes way for a step that somebody looks at, and is one press away", async () => {
    await asked(STRING);
    write(/^Season/, "spri");
    fireEvent.click(within(screen.getByRole("list", { name: "Steps" })).getByRole("button", { name: /^The brief/ }));
    expect(screen.queryByLabelText(/^Season/)).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Answer" }));
    expect((screen.getByLabelText(/^Season/) as HTMLInputElement).value).toBe("spri");
    expect(document.activeElement?.textContent).toBe("Your answer is needed");
  });

  test("in a recording can be looked at and not be answered", async () => {
    const store = createReplayStore({ events: asking(FRAMEWORK).events });
    const server = new Server();
    show(server, <GenerationProgressModal open={true} title="Acme" run={store} onClose={() => undefined} />);
    act(() => store.seek(Number.POSITIVE_INFINITY));
    await pass(300);
    expect(screen.getByRole("radio", { name: "Give up" }).closest("fieldset[disabled]")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Send the answer" })).toBeNull();
    expect(dialog().textContent).toContain("This is a recording.");
  });
});

describe("what is wrong", () => {
  test("is said at the field once it is left, and the first such field gets the focus when it is sent", async () => {
    const server = await asked(ORDER);
    const name = screen.getByLabelText("Your name");
    write("Your name", "A");
    expect(name.getAttribute("aria-invalid")).toBeNull();
    fireEvent.blur(name);
    expect(name.getAttribute("aria-invalid")).toBe("true");
    const described = (name.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id));
    expect(described.map((each) => each?.textContent)).toEqual(["As on the door.", "1 character too few."]);

    write("Your name", "Ada");
    await send();
    expect(sent(server)).toEqual([]);
    expect(document.activeElement).toBe(screen.getByLabelText("Reason"));
    write("Reason", "Because");
    write("Count", "3");
    await send();
    expect(document.activeElement).toBe(screen.getByRole("radio", { name: "Red" }));
  });

  test("is said behind a press that leaves the field, so that nothing moves away under it", async () => {
    await asked(ORDER);
    const name = screen.getByLabelText("Your name");
    const button = screen.getByRole("button", { name: "Send the answer" });
    write("Your name", "A");
    fireEvent.mouseDown(button);
    fireEvent.blur(name);
    await pass();
    expect(name.getAttribute("aria-invalid")).toBeNull();
    fireEvent.mouseUp(button);
    await pass();
    expect(name.getAttribute("aria-invalid")).toBe("true");
  });

  test("by the word of the server is said at the field, until that is written in", async () => {
    const server = await asked({ type: "object", properties: { season: STRING, year: { type: "integer" } } });
    write(/^Season/, "spring");
    const errors = [
      { pointer: "/value/season", detail: "It is none of summer, winter." },
      { pointer: "/value/odd", detail: "It has a field that is not asked for." },
    ];
    server.next.push(() => problem(422, "The input is not valid", { type: "/problems/invalid-input", errors }));
    await send();
    const season = screen.getByLabelText(/^Season/);
    expect(document.activeElement).toBe(season);
    expect(screen.getByText("It is none of summer, winter.")).toBeTruthy();
    expect(screen.getByRole("alert").textContent).toBe("It has a field that is not asked for.");
    write(/^Season/, "summer");
    expect(screen.queryByText("It is none of summer, winter.")).toBeNull();
    expect(screen.queryByRole("alert")).toBeNull();
    await send();
    expect(sent(server).at(-1)).toEqual({ value: { season: "summer" } });
  });

  test.each([
    [409, "/problems/answered", "The question is answered already"],
    [404, "/problems/unknown-input", "There is no such question"],
    [503, "/problems/unavailable", "There is no such question"],
  ])(
    "with the answer as such, as a %i, is said above the button, and nothing typed is lost",
    async (status, type, words) => {
      const server = await asked(STRING);
      write(/^Season/, "spring");
      server.next.push(() => problem(status, "There is no such question", { type }));
      await send();
      expect(dialog().textContent).toContain(words);
      expect((screen.getByLabelText(/^Season/) as HTMLInputElement).value).toBe("spring");
      expect(sessionStorage.getItem(`stepglass.answer.${RUN_ID}.q-1`)).toBe('"spring"');
    },
  );
});

describe("what is typed", () => {
  test("is there again after the page was loaded again, and forgotten once it is sent", async () => {
    const server = await asked(FRAMEWORK);
    fireEvent.click(screen.getByRole("radio", { name: "Edit it by hand" }));
    write("Vision", "Every nurse knows when she will be home. It is true.");
    fireEvent.click(screen.getByRole("button", { name: "Add one" }));
    expect(document.activeElement, "the new row is where one goes on").toBe(screen.getAllByLabelText("Name")[2]);
    document.body.replaceChildren();
    show(server, <Modal />);
    await pass(300);
    expect((screen.getByLabelText("Vision") as HTMLTextAreaElement).value).toContain("Every nurse knows");
    expect(screen.getAllByLabelText("Name")).toHaveLength(3);

    fireEvent.click(screen.getByRole("button", { name: "Remove number 3" }));
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Add one" }));
    fireEvent.change(screen.getAllByLabelText("Cadence")[1] as HTMLElement, { target: { value: "1" } });
    fireEvent.keyDown(screen.getByLabelText("Vision"), { key: "Enter", ctrlKey: true });
    await pass();
    expect(sent(server)).toEqual([
      {
        value: {
          action: "edit",
          sections: {
            vision: "Every nurse knows when she will be home. It is true.",
            metrics: [
              { name: "Hospitals", cadence: "monthly" },
              { name: "Product team", cadence: "weekly" },
            ],
          },
        },
      },
    ]);
    expect(sessionStorage.length).toBe(0);
  });

  test("is kept for one question of one run, and what a browser refuses to keep is there as long as the form is", async () => {
    sessionStorage.setItem(`stepglass.answer.${RUN_ID}.q-2`, '"other"');
    sessionStorage.setItem(`stepglass.answer.other.q-1`, '"other"');
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new Error("full");
    });
    const server = await asked(STRING);
    expect((screen.getByLabelText(/^Season/) as HTMLInputElement).value).toBe("");
    write(/^Season/, "spring");
    await send();
    expect(sent(server)).toEqual([{ value: "spring" }]);
    vi.restoreAllMocks();
  });
});

test.each([
  ["a model of nearly everything", ORDER],
  ["a choice between objects", FRAMEWORK],
  ["a word", STRING],
  ["yes or no", { type: "boolean" }],
  ["anything", {}],
])("the form of %s has nothing for axe, before and after it was sent in vain", async (_, schema) => {
  await asked(schema, { expires_at: FIRST_TS + 60_000 });
  const radio = screen.queryByRole("radio", { name: "Edit it by hand" });
  if (radio) fireEvent.click(radio);
  vi.useRealTimers();
  await expectAccessible(dialog());
  vi.useFakeTimers();
  await send();
  vi.useRealTimers();
  await expectAccessible(dialog());
  vi.useFakeTimers();
});

test("a run that rests beside a question shows nothing that turns, and no clock but its own", async () => {
  const told = going()
    .start("framework")
    .writes("framework", "A ")
    .say("input_required", {
      ...{ input_id: "q-1", schema: STRING, prompt: "Which season?" },
    });
  show(new Server(told.events), <Modal />);
  await pass(300);
  const row = (): HTMLElement => screen.getAllByRole("listitem").at(-1) as HTMLElement;
  expect(row().dataset["status"]).toBe("in_progress");
  await pass(10_000);
  expect(row().dataset["status"]).toBe("pending");
  expect(dialog().textContent).not.toContain("tokens/s");
});

test("most of the budget is said to be spent, once and in figures", async () => {
  const spent = story().say("run_queued", { pipeline: "p", max_cost_usd: 0.5 }).planned("brief").start("brief");
  const server = new Server(spent.spends("brief", { cost_usd: 0.3 }).events.slice());
  show(server, <Modal />);
  await pass(300);
  expect(dialog().textContent).toContain("$0.300 of $0.500");
  expect(dialog().textContent).not.toContain("of the budget");
  server.say(...spent.spends("brief", { cost_usd: 0.15 }).events.slice(-1));
  await pass(300);
  expect(dialog().textContent).toContain("90% of the budget of $0.500 is spent. The run ends when all of it is.");
  expect(said()).toContain("Most of the budget is spent");
});

test("whatever a schema says is text in its form", async () => {
  const attack = "<img src=x onerror=alert(1)>";
  const named = { title: attack, description: `[press](javascript:alert(1)) ${attack}` };
  const properties = {
    [attack]: { ...named, type: "string", default: attack },
    constructor: { ...named, enum: [attack, "javascript:alert(1)"] },
    toString: { ...named, type: "array", items: { ...named, type: "object", properties: { valueOf: named } } },
    link: { ...named, type: "string", format: "uri", default: "javascript:alert(1)" },
  };
  await asked({ ...named, type: "object", properties }, {}, `${attack} [press](javascript:alert(1))`);
  const form = document.querySelector("[data-question]");
  expect(form?.querySelectorAll("input, textarea, select, fieldset").length).toBeGreaterThan(4);
  expect(form?.textContent?.split(attack).length).toBeGreaterThan(6);
  expect(form?.querySelectorAll("a, img, script, iframe, style, [style], [src], [href], [action]")).toHaveLength(0);
  const names = Array.from(form?.querySelectorAll("*") ?? [], ({ attributes }) =>
    Array.from(attributes, (each) => each.name),
  );
  expect(names.flat().filter((name) => name.startsWith("on"))).toEqual([]);
});
