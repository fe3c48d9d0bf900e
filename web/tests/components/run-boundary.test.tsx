// @vitest-environment jsdom

import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { opening, pending, type RunView, type StepView } from "../../src/core/view.ts";
import {
  createReplayStore,
  GenerationProgressModal,
  OverallProgress,
  Questions,
  RefinePanel,
  ReplayBar,
  type ReplayStore,
  type RunSource,
  RunStatusBar,
  RunTimeline,
  StepList,
  StepRow,
} from "../../src/index.ts";
import { goodStory, RUN_ID, story } from "../story.ts";
import { expectAccessible, withDialogs } from "./dom.ts";

/** What a wrong server, or a mistake of ours, may put where a text is expected. React cannot show it. */
const NO_TEXT = { no: "text" } as unknown as string;
const STEP: StepView = { ...pending("brief", NO_TEXT), attempts: [{ owner: "w", attempt: 1, startedAt: 1 }] as never };
const VIEW: RunView = { ...opening(RUN_ID), steps: [STEP], asked: [{ input_id: "q", prompt: NO_TEXT, schema: {} }] };

function sourceOf(look: () => never): RunSource {
  return { runId: RUN_ID, now: () => 1, subscribe: () => () => undefined, getSnapshot: look };
}

/** A run at which nobody can look. */
const BROKEN = sourceOf(() => {
  throw new Error("This run cannot be read");
});
const GOOD = createReplayStore({ events: goodStory().events, autoplay: false });

const caught = vi.fn();

function show(children: ReactNode): (next: ReactNode) => void {
  const app = (shown: ReactNode): ReactNode => (
    <main>
      <p>The app's own text</p>
      {shown}
    </main>
  );
  const { rerender } = render(app(children), { onCaughtError: caught });
  return (next) => rerender(app(next));
}

beforeEach(() => {
  withDialogs();
  caught.mockClear();
});
afterEach(() => {
  expect(screen.getByText("The app's own text").isConnected).toBe(true);
  cleanup();
});

const nothing = (): void => undefined;

test.each<[string, ReactNode]>([
  ["OverallProgress", <OverallProgress key="1" run={BROKEN} />],
  ["Questions", <Questions key="1" run={GOOD} view={VIEW} />],
  [
    "RefinePanel",
    <RefinePanel key="1" name="vision" run={BROKEN} onWish={nothing} onAccept={nothing} onDiscard={nothing} />,
  ],
  ["ReplayBar", <ReplayBar key="1" replay={{ ...BROKEN } as unknown as ReplayStore} />],
  ["RunStatusBar", <RunStatusBar key="1" run={BROKEN} />],
  ["RunTimeline", <RunTimeline key="1" view={VIEW} now={1} />],
  ["StepList", <StepList key="1" run={{ ...GOOD, runId: RUN_ID }} steps={undefined as never} />],
  ["StepRow", <StepRow key="1" run={{ ...GOOD, runId: RUN_ID }} step={STEP} />],
  ["GenerationProgressModal", <GenerationProgressModal key="1" open title="Acme" run={BROKEN} onClose={nothing} />],
])("M6: an error while %s shows a run is a message with the run's id", (_, shown) => {
  show(shown);
  const alert = screen.getByRole("alert");
  expect(alert.textContent).toMatch(/This (part of the )?run cannot be shown/);
  expect(alert.textContent).toContain(RUN_ID);
  expect(caught).toHaveBeenCalledOnce();
});

test("M6: a modal that cannot show its run still has a name, the focus and a way out", async () => {
  const onClose = vi.fn();
  show(<GenerationProgressModal open title="Acme" run={BROKEN} onClose={onClose} />);
  const dialog = screen.getByRole("dialog", { name: "Acme" });
  expect(dialog.contains(document.activeElement)).toBe(true);
  await expectAccessible(dialog);
  fireEvent.click(within(dialog).getByRole("button", { name: "Close" }));
  expect(onClose).toHaveBeenCalledOnce();
});

test("M6: another run is shown after one that could not be", () => {
  const modal = (run: RunSource): ReactNode => (
    <GenerationProgressModal open title="Acme" run={run} onClose={nothing} />
  );
  const next = show(modal(BROKEN));
  expect(screen.getByRole("alert").textContent).toContain(RUN_ID);
  next(modal(createReplayStore({ events: otherStory(), autoplay: false })));
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByRole("list", { name: "Steps" })).toBeTruthy();
});

function otherStory(): ReturnType<typeof story>["events"] {
  return goodStory().events.map((event) => ({ ...event, run_id: `${RUN_ID}-2` }));
}

test("M6: a step that cannot be shown leaves the other steps and the buttons of the modal", () => {
  const { events } = story()
    .queued()
    .say("run_start", { pipeline: "p", plan: [{ step: "brief", label: NO_TEXT, after: [] }, PLANNED] })
    .start("brief");
  const run = createReplayStore({ events, autoplay: false });
  const next = show(<GenerationProgressModal open title="Acme" run={run} onClose={nothing} />);
  run.seek(run.getSnapshot().lengthMs);
  next(<GenerationProgressModal open title="Acme" run={run} onClose={nothing} />);
  expect(screen.getAllByRole("alert")).toHaveLength(2);
  expect(screen.getByText("The framework")).toBeTruthy();
  expect(screen.getAllByRole("button", { name: "Close" })).toHaveLength(2);
  fireEvent.click(screen.getByRole("button", { name: /^The framework/ }));
  expect(screen.getAllByRole("alert")).toHaveLength(1);
});

const PLANNED = { step: "framework", label: "The framework", after: [] };
