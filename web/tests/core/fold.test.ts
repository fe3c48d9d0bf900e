import { describe, expect, test } from "vitest";
import { fold, foldAll } from "../../src/core/fold.ts";
import { hasEnded, opening, type RunView, type StepView, textOf } from "../../src/core/view.ts";
import { plain } from "../shape.ts";
import { FIRST_TS, PROBLEM, RUN_ID, type Story, story } from "../story.ts";

function of(told: Story): RunView {
  return foldAll(opening(RUN_ID), told.events);
}

function step(told: Story, id = "brief"): StepView {
  const found = of(told).steps.find((each) => each.id === id);
  if (!found) throw new Error(`The story has no step ${id}.`);
  return found;
}

function texts(drafts: StepView["drafts"]): Record<string, string> {
  return Object.fromEntries(drafts.map(({ lane, text }) => [lane ?? "", text.toString()]));
}

describe("a run", () => {
  test("is queued, running and complete in turn", () => {
    const told = story();
    const views = [of(told), of(told.queued()), of(told.planned()), of(told.done("all"))];
    expect(views.map(({ status }) => status)).toEqual(["queued", "queued", "running", "complete"]);
    expect(views.at(-1)).toMatchObject({ pipeline: "vision_framework", result: "all", progress: 100, lastSeq: 3 });
  });

  test("has its steps in the order of the plan, whatever starts first", () => {
    const view = of(story().started("brief", "framework").start("framework").start("brief"));
    expect(view.steps.map(({ id, label, status }) => [id, label, status])).toEqual([
      ["brief", "The brief", "in_progress"],
      ["framework", "The framework", "in_progress"],
    ]);
  });

  test("is called what it was called when it was accepted, and nothing where nobody said", () => {
    expect(of(story().say("run_queued", { pipeline: "p", title: "Acme" })).title).toBe("Acme");
    expect(of(story().say("run_queued", { pipeline: "p" })).title).toBeUndefined();
  });

  test("that goes on from another has what was reused before its plan is told", () => {
    const told = story().say("run_queued", { pipeline: "p", forked_from: "an older run" });
    told.of("step_complete", "framework", { result: { vision: "Far" }, reused: { run_id: "an older run" } });
    const view = of(told.planned("brief", "framework"));
    expect(view.forkedFrom).toBe("an older run");
    expect(view.steps.map(({ id, status }) => [id, status])).toEqual([
      ["brief", "pending"],
      ["framework", "complete"],
    ]);
    expect(view.steps[1]).toMatchObject({
      reusedFrom: "an older run",
      result: { vision: "Far" },
      label: "The framework",
    });
  });

  test("never goes back on its bar", () => {
    const told = story().started("brief").start("brief", { progress: 40 }).retries("brief", { progress: 10 });
    expect(of(told).progress).toBe(40);
  });

  test("counts what every call costs, and says when a price is not known", () => {
    const told = story().started("brief").start("brief");
    told.spends("brief", { model: "heavy", input_tokens: 10, output_tokens: 5, cost_usd: 0.1 });
    told.spends("brief", { model: "light", input_tokens: 1, output_tokens: 2, cost_usd: 0.2 });
    expect(of(told)).toMatchObject({ costUsd: 0.3, costComplete: true, inputTokens: 11, outputTokens: 7 });
    expect(of(told).models).toEqual(["heavy", "light"]);
    told.spends("brief", { model: "light" });
    expect(of(told)).toMatchObject({ costUsd: 0.3, costComplete: false, models: ["heavy", "light"] });
    expect(step(told).costUsd).toBe(0.3);
  });

  test("whose prices are all unknown costs nobody knows what, and not nothing", () => {
    const view = of(story().started("brief").start("brief").spends("brief", {}));
    expect(view.costUsd).toBeUndefined();
    expect(view.costComplete).toBe(false);
  });

  test("waits for an answer until it has it", () => {
    const asked = { input_id: "i1", schema: {}, prompt: "Which of the two?" };
    const told = story().started().say("input_required", asked);
    expect(of(told)).toMatchObject({ status: "waiting", asked: [asked] });
    told.say("input_received", { input_id: "i1", value: 1 });
    expect(of(told)).toMatchObject({ status: "running", asked: [] });
  });

  test("waits until it has an answer to each of its questions", () => {
    const asked = [1, 2].map((number) => ({ input_id: `i${number}`, schema: {}, prompt: `Number ${number}?` }));
    const told = story().started();
    for (const each of asked) told.say("input_required", each);
    expect(of(told)).toMatchObject({ status: "waiting", asked });
    told.say("input_received", { input_id: "i1", value: 1 });
    expect(of(told)).toMatchObject({ status: "waiting", asked: [asked[1]] });
  });

  test("that waits is paused when somebody pauses it, also when it is answered, and waits again when it goes on", () => {
    const told = story().started().say("input_required", { input_id: "i1", schema: {}, prompt: "?" });
    told.say("run_paused");
    expect(of(told).status).toBe("paused");
    expect(of(told.say("run_unpaused")).status).toBe("waiting");
    told.say("run_paused").say("input_received", { input_id: "i1", value: 1 });
    expect(of(told)).toMatchObject({ status: "paused", asked: [] });
    expect(of(told.say("run_unpaused")).status).toBe("running");
  });

  test("that ends asks nothing any more", () => {
    const told = story().started().say("input_required", { input_id: "i1", schema: {}, prompt: "?" });
    expect(of(told.cancelled())).toMatchObject({ status: "cancelled", asked: [] });
  });

  test("knows what it may cost, where there is a limit", () => {
    const told = story().say("run_queued", { pipeline: "p", max_cost_usd: 0.5 });
    expect(of(told).maxCostUsd).toBe(0.5);
    expect(of(story().queued()).maxCostUsd).toBeUndefined();
  });

  test("that is paused stays so when another worker takes it, until it is unpaused", () => {
    const told = story().started().say("run_paused").say("run_resumed", { reason: "worker lost" });
    expect(of(told).status).toBe("paused");
    expect(of(told.say("run_unpaused")).status).toBe("running");
  });

  test("that is paused before it started is queued again when it is unpaused", () => {
    expect(of(story().queued().say("run_paused").say("run_unpaused")).status).toBe("queued");
  });

  test("says when it is expected to end, as of when that was said", () => {
    const told = story().started("brief").start("brief");
    told.of("progress", "brief", { eta_ms: 9000, step_progress: 20, basis: "history" }, { progress: 12 });
    expect(of(told)).toMatchObject({ progress: 12, eta: { ms: 9000, at: told.ts, basis: "history" } });
    expect(step(told).progress).toBe(20);
    told.completes("brief").done();
    expect(of(told).eta).toBeUndefined();
  });

  test.each([
    ["complete", story().started("brief").done()],
    ["error", story().started("brief").failed("brief")],
    ["cancelled", story().started("brief").cancelled()],
  ])("has ended by the last word %s and by nothing before", (status, told) => {
    expect(
      told.events.slice(0, -1).map((_, at) => hasEnded(foldAll(opening(RUN_ID), told.events.slice(0, at + 1)))),
    ).toEqual([false, false]);
    expect(of(told)).toMatchObject({ status, endedAt: told.ts, durationMs: 10 });
  });

  test("that failed says why and where", () => {
    expect(of(story().started("brief").failed("brief"))).toMatchObject({ problem: PROBLEM, failedStep: "brief" });
  });
});

describe("a step", () => {
  test("goes from pending over in progress to complete", () => {
    const told = story().started("brief");
    const statuses = [step(told).status];
    statuses.push(step(told.start("brief")).status);
    statuses.push(step(told.completes("brief", "Done", { duration: 900 })).status);
    expect(statuses).toEqual(["pending", "in_progress", "complete"]);
    expect(step(told)).toMatchObject({ result: "Done", durationMs: 900, startedAt: FIRST_TS + 30 });
  });

  test("that fails is retrying until its next attempt, which says when", () => {
    const told = story().started("brief").start("brief").retries("brief", {}, 700);
    expect(step(told)).toMatchObject({ status: "retrying", problem: PROBLEM, retryAt: told.ts + 700, attempt: 1 });
    told.start("brief", { attempt: 2 });
    expect(step(told)).toMatchObject({ status: "in_progress", attempt: 2 });
    expect(step(told).problem).toBeUndefined();
    expect(step(told).retryAt).toBeUndefined();
  });

  test("whose result is null, which the wire leaves out, has one all the same", () => {
    const told = story().started("brief").start("brief").of("step_complete", "brief").say("complete");
    expect([step(told).result, of(told).result]).toEqual([null, null]);
    expect(step(story().started("brief").start("brief")).result).toBeUndefined();
  });

  test("that is skipped is nothing that failed", () => {
    expect(step(story().started("brief").of("step_skipped", "brief", { reason: "the run ended" })).status).toBe(
      "skipped",
    );
  });

  test("keeps its text when it is complete", () => {
    const told = story()
      .started("brief")
      .start("brief")
      .writes("brief", "All ")
      .writes("brief", "well")
      .completes("brief");
    expect(textOf(step(told))).toBe("All well");
  });

  test("keeps the text of lanes apart", () => {
    const told = story().started("brief").start("brief");
    told.writes("brief", "Dear ", { lane: "founder" }).writes("brief", "Sirs", { lane: "investor" });
    told.writes("brief", "you", { lane: "founder" });
    expect(texts(step(told).drafts)).toEqual({ founder: "Dear you", investor: "Sirs" });
    expect(textOf(step(told), "founder")).toBe("Dear you");
    expect(textOf(step(told))).toBe("Dear youSirs");
  });

  test("that fails takes back its text, for the reader to see it go", () => {
    const told = story().started("brief").start("brief").writes("brief", "Wrong").retries("brief");
    expect(textOf(step(told))).toBe("");
    expect(texts(step(told).withdrawn)).toEqual({ "": "Wrong" });
    told.start("brief", { attempt: 2 }).writes("brief", "Right", { attempt: 2 });
    expect(textOf(step(told))).toBe("Right");
    expect(texts(step(told).withdrawn)).toEqual({ "": "Wrong" });
    told.completes("brief", null, { attempt: 2 });
    expect(step(told).withdrawn).toEqual([]);
  });

  test("that fails takes back the parts it showed, but no checkpoint", () => {
    const told = story().started("scoring").start("scoring");
    told.part("scoring", "/draft", 1).part("scoring", "/scores/vision", 9, "abc").retries("scoring");
    expect(plain(of(told))).toMatchObject({ steps: [{ partials: { "/scores/vision": { value: 9 } } }] });
    expect(Object.keys(step(told, "scoring").partials)).toEqual(["/scores/vision"]);
  });

  test("has a part no more once it is withdrawn", () => {
    const told = story().started("scoring").start("scoring").part("scoring", "/a", 1).part("scoring", "/b", 2);
    told.of("partial_withdrawn", "scoring", { path: "/a" });
    expect(Object.keys(step(told, "scoring").partials)).toEqual(["/b"]);
  });

  test("is as busy as the busiest of its lanes, and loses only what the failing one wrote", () => {
    const one = { lane: "one" };
    const two = { lane: "two" };
    const told = story().started("scoring").start("scoring", one).start("scoring", two);
    told.writes("scoring", "1", one).writes("scoring", "2", two).part("scoring", "/1", 1, undefined, one);
    told.retries("scoring", one);
    expect(step(told, "scoring").status).toBe("in_progress");
    expect(texts(step(told, "scoring").drafts)).toEqual({ two: "2" });
    expect(step(told, "scoring").partials).toEqual({});
    expect(step(told.completes("scoring", null, two), "scoring").status).toBe("retrying");
    told.start("scoring", { ...one, attempt: 2 }).completes("scoring", null, { ...one, attempt: 2 });
    expect(step(told, "scoring")).toMatchObject({ status: "complete", open: [] });
  });

  test("whose worker was lost without a word begins anew with the next start", () => {
    const told = story().started("brief").start("brief").writes("brief", "Half").say("run_resumed", { reason: "lost" });
    told.start("brief", { attempt: 2 });
    expect(texts(step(told).withdrawn)).toEqual({ "": "Half" });
    expect(step(told).attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, "lost"],
      [2, undefined],
    ]);
  });

  test("that is gone through once more in another round shows what it makes now", () => {
    const told = story().started("brief").start("brief", { round: 1 }).writes("brief", "One", { round: 1 });
    told.part("brief", "/a", 1, "hash", { round: 1 }).completes("brief", "one", { round: 1 });
    told.start("brief", { round: 2 }).writes("brief", "Two", { round: 2 });
    const [step] = of(told).steps;
    expect(step?.drafts.map((draft) => draft.text.toString())).toEqual(["Two"]);
    expect(step?.partials).toEqual({});
    expect(step?.attempts).toHaveLength(2);
  });

  test("that was left open by a run that ended does not turn for ever", () => {
    const told = story().started("brief").start("brief").writes("brief", "Half").failed();
    expect(step(told)).toMatchObject({ status: "error", open: [], drafts: [] });
    expect(texts(step(told).withdrawn)).toEqual({ "": "Half" });
  });

  test("has a mark for each attempt: its start, its first token, its end and how it ended", () => {
    const told = story().started("brief").start("brief").writes("brief", "a").writes("brief", "b").retries("brief");
    told.start("brief", { attempt: 2 }).completes("brief", null, { attempt: 2 });
    const at = (event: number): number => FIRST_TS + 10 * event;
    expect(plain(of(told))).toMatchObject({
      steps: [
        {
          attempts: [
            { attempt: 1, startedAt: at(3), firstTokenAt: at(4), endedAt: at(6), outcome: "retry" },
            { attempt: 2, startedAt: at(7), endedAt: at(8), outcome: "complete" },
          ],
        },
      ],
    });
  });
});

test("a first token is that of the attempt that wrote it, in its lane", () => {
  const [one, two] = [{ lane: "one" }, { lane: "two" }];
  const told = story().started("scoring").start("scoring", one).start("scoring", two).retries("scoring", one);
  told.start("scoring", { ...one, attempt: 2 }).writes("scoring", "x", { ...one, attempt: 2 });
  const marks = step(told, "scoring").attempts.map(({ lane, attempt, firstTokenAt }) => [lane, attempt, firstTokenAt]);
  expect(marks).toEqual([
    ["one", 1, undefined],
    ["two", 1, undefined],
    ["one", 2, told.ts],
  ]);
});

test("folding changes nothing that somebody holds", () => {
  const told = story().started("brief").start("brief").writes("brief", "One");
  const before = of(told);
  const copy = plain(before);
  const [more, other] = [story(), story()];
  more.events.push(...told.events);
  other.events.push(...told.events);
  const one = foldAll(before, more.writes("brief", " two").events.slice(-1));
  const two = foldAll(before, other.writes("brief", " three").events.slice(-1));
  expect([one, two].map((view) => textOf(view.steps[0] as StepView))).toEqual(["One two", "One three"]);
  expect(plain(before)).toEqual(copy);
});

test("a step that is not touched is the same object afterwards", () => {
  const told = story().started("brief", "framework").start("brief").start("framework");
  const before = of(told);
  const after = fold(before, told.writes("brief", "x").events.at(-1) as never);
  expect(after.steps[1]).toBe(before.steps[1]);
  expect(after.models).toBe(before.models);
});
