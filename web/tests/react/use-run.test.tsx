// @vitest-environment jsdom

import { fireEvent, render, screen } from "@testing-library/react";
import { type ReactNode, useState } from "react";
import { describe, expect, test, vi } from "vitest";
import { createReplayStore } from "../../src/core/replay.ts";
import { textOf } from "../../src/core/view.ts";
import { type RunRef, useNow, useRun } from "../../src/react/use-run.ts";
import { shallowEqual } from "../../src/react/use-store.ts";
import { Server } from "../server.ts";
import { goodStory, RUN_ID } from "../story.ts";
import { pageStandsStill, pass, show } from "./harness.tsx";

pageStandsStill();

const events = goodStory().events;

function Run({ run = RUN_ID }: { run?: RunRef }): ReactNode {
  const { view, connection } = useRun(run);
  const steps = view.steps.map((step) => `${step.id} ${step.status} "${textOf(step)}"`);
  return <p>{[view.status, ...steps, connection.status].join(", ")}</p>;
}

function shown(): string {
  return screen.getByRole("paragraph").textContent;
}

describe("a component that uses a run", () => {
  test("tells its story", async () => {
    const server = new Server();
    show(server, <Run />);
    await pass();
    const story: string[] = [shown()];
    for (const event of events) {
      server.say(event);
      await pass();
      if (shown() !== story.at(-1)) story.push(shown());
    }
    expect(story).toEqual([
      "queued, live",
      'running, brief pending "", framework pending "", live',
      'running, brief in_progress "", framework pending "", live',
      'running, brief in_progress "Once ", framework pending "", live',
      'running, brief in_progress "Once upon", framework pending "", live',
      'running, brief retrying "", framework pending "", live',
      'running, brief in_progress "", framework pending "", live',
      'running, brief in_progress "A ", framework pending "", live',
      'running, brief in_progress "A time", framework pending "", live',
      'running, brief complete "A time", framework pending "", live',
      'running, brief complete "A time", framework in_progress "", live',
      'running, brief complete "A time", framework complete "", live',
      'complete, brief complete "A time", framework complete "", finished',
    ]);
  });

  test("shows a run that goes on as going on when its connection is lost", async () => {
    const server = new Server(events.slice(0, 4));
    show(server, <Run />);
    await pass();
    server.close();
    await pass();
    expect(shown()).toBe('running, brief in_progress "Once ", framework pending "", reconnecting');
    server.say(...events.slice(4));
    await pass(500);
    expect(shown()).toMatch(/^complete, .*finished$/);
  });

  test("connects once, also where React mounts everything twice", async () => {
    const server = new Server(events.slice(0, 4));
    show(server, <Run />);
    await pass(3000);
    expect(server.asked).toHaveLength(1);
    expect(server.open).toHaveLength(1);
  });

  test("shares its connection with every other one on the page", async () => {
    const server = new Server(events.slice(0, 4));
    show(
      server,
      <>
        <Run />
        <Run />
      </>,
    );
    await pass();
    expect(server.asked).toHaveLength(1);
    expect(screen.getAllByText(/^running/)).toHaveLength(2);
  });

  test("lets the connection go when it is taken off the page", async () => {
    const server = new Server(events.slice(0, 4));
    const page = show(server, <Run />);
    await pass();
    page.unmount();
    await pass(1100);
    expect(server.open).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("changes over to another run", async () => {
    const server = new Server(events);
    function Chosen(): ReactNode {
      const [run, setRun] = useState("another");
      return (
        <>
          <button type="button" onClick={() => setRun(RUN_ID)}>
            change
          </button>
          <Run run={run} />
        </>
      );
    }
    server.next.push(() => new Promise(() => undefined));
    show(server, <Chosen />);
    await pass();
    expect(shown()).toBe("queued, connecting");
    fireEvent.click(screen.getByRole("button"));
    await pass();
    expect(shown()).toMatch(/^complete/);
    await pass(1100);
    expect(server.asked.map(({ path }) => path)).toEqual(["/api/runs/another/events", `/api/runs/${RUN_ID}/events`]);
  });

  test("shows a replay without any server", async () => {
    const replay = createReplayStore({ events });
    render(<Run run={replay} />);
    await pass(1000);
    expect(shown()).toMatch(/^complete, .*finished$/);
  });

  test("says what is missing when it is given an id and no server", () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(() => render(<Run />)).toThrow("needs a <StepglassProvider>");
  });
});

describe("a component that selects", () => {
  test("is drawn again when what it selected changes, and not before", async () => {
    const server = new Server(events.slice(0, 3));
    const drawn = vi.fn();
    function Status(): ReactNode {
      drawn(useRun(RUN_ID, ({ view }) => view.steps[1]?.status));
      return null;
    }
    show(server, <Status />);
    await pass();
    drawn.mockClear();
    server.say(...events.slice(3, 10));
    await pass();
    expect(drawn).not.toHaveBeenCalled();
    server.say(...events.slice(10, 12));
    await pass();
    expect(new Set(drawn.mock.calls.flat())).toEqual(new Set(["in_progress"]));
  });

  test("may make something new, if it says when two of them are equal", async () => {
    const server = new Server(events.slice(0, 4));
    const drawn = vi.fn();
    function Statuses(): ReactNode {
      drawn(useRun(RUN_ID, ({ view }) => view.steps.map((step) => step.status), shallowEqual));
      return null;
    }
    show(server, <Statuses />);
    await pass();
    drawn.mockClear();
    server.say(...events.slice(4, 5));
    await pass();
    expect(drawn).not.toHaveBeenCalled();
    server.say(...events.slice(5, 6));
    await pass();
    expect(drawn).toHaveBeenLastCalledWith(["retrying", "pending"]);
  });

  test("draws a burst of text in one go", async () => {
    const server = new Server(events.slice(0, 3));
    const drawn = vi.fn();
    function Drafts(): ReactNode {
      drawn(useRun(RUN_ID, ({ view }) => view.lastSeq));
      return null;
    }
    show(server, <Drafts />);
    await pass();
    drawn.mockClear();
    for (const event of events.slice(3, 9)) server.say(event);
    await pass();
    // Strict mode draws everything twice.
    expect(drawn.mock.calls.flat()).toEqual([9, 9]);
  });
});

describe("the time of a run", () => {
  function Clock(): ReactNode {
    const now = useNow(RUN_ID, 1000);
    const startedAt = useRun(RUN_ID, ({ view }) => view.createdAt ?? now);
    return <p>{Math.round((now - startedAt) / 1000)}</p>;
  }

  test("goes on while it goes on, and stands still when it has ended", async () => {
    const server = new Server(events.slice(0, 3));
    show(server, <Clock />);
    await pass(5100);
    expect(shown()).toBe("5");
    server.say(...events.slice(3));
    await pass();
    expect(shown()).toBe("0");
    await pass(5000);
    expect(shown()).toBe("0");
  });
});
