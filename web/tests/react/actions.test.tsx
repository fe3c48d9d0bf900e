// @vitest-environment jsdom

import { fireEvent, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { describe, expect, test, vi } from "vitest";
import { opening } from "../../src/core/view.ts";
import { StepglassProvider } from "../../src/react/context.tsx";
import { useCancelRun } from "../../src/react/use-cancel-run.ts";
import { useRuns } from "../../src/react/use-runs.ts";
import { useStartRun } from "../../src/react/use-start-run.ts";
import { frame, json, problem, Server } from "../server.ts";
import { toSnapshot } from "../shape.ts";
import { goodStory, RUN_ID } from "../story.ts";
import { pageStandsStill, pass, show } from "./harness.tsx";

pageStandsStill();

function Start({ input = "a" }: { input?: string }): ReactNode {
  const { start, starting, runId, problem: wrong, reset } = useStartRun<string>("vision_framework");
  return (
    <>
      <button type="button" onClick={() => void start(input)}>
        start
      </button>
      <button type="button" onClick={reset}>
        reset
      </button>
      <p>{starting ? "starting" : (runId ?? wrong?.title ?? "nothing yet")}</p>
    </>
  );
}

function press(name: string): void {
  fireEvent.click(screen.getByRole("button", { name }));
}

function shown(): string {
  return screen.getByRole("paragraph").textContent;
}

function keys(server: Server): (string | null)[] {
  return server.asked.map(({ headers }) => headers.get("Idempotency-Key"));
}

function accepting(): Server {
  const server = new Server();
  server.routes.set("/api/runs", () => json({ run_id: RUN_ID, events_url: "" }, 202));
  return server;
}

describe("starting a run", () => {
  test("gives its id", async () => {
    show(accepting(), <Start />);
    expect(shown()).toBe("nothing yet");
    press("start");
    await pass(0);
    expect(shown()).toBe(RUN_ID);
  });

  test("starts one, however often the button is pressed meanwhile", async () => {
    const server = accepting();
    let answer = (): void => undefined;
    server.next.push(() => new Promise((resolve) => (answer = () => resolve(json({ run_id: RUN_ID }, 202)))));
    show(server, <Start />);
    press("start");
    press("start");
    await pass();
    expect(shown()).toBe("starting");
    press("start");
    answer();
    await pass();
    expect(server.asked).toHaveLength(1);
  });

  test("whose answer was lost is tried again under the same key", async () => {
    const server = accepting();
    server.next.push(() => Promise.reject(new TypeError("Failed to fetch")));
    show(server, <Start />);
    press("start");
    await pass();
    expect(shown()).toBe("The server cannot be reached");
    press("start");
    await pass();
    expect(shown()).toBe(RUN_ID);
    const [one, two] = keys(server);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(two).toBe(one);
  });

  test("with another input, or once more after it has worked, is another run", async () => {
    const server = accepting();
    const page = show(server, <Start />);
    press("start");
    await pass();
    press("start");
    await pass();
    page.unmount();
    server.next.push(() => Promise.reject(new TypeError("Failed to fetch")));
    const { rerender } = render(provided(server, "b"));
    press("start");
    await pass();
    rerender(provided(server, "c"));
    press("start");
    await pass();
    expect(new Set(keys(server)).size).toBe(4);
  });

  test("says what is wrong with the input, until it is reset", async () => {
    const server = accepting();
    server.next.push(() => problem(422, "The input is not valid"));
    show(server, <Start />);
    press("start");
    await pass();
    expect(shown()).toBe("The input is not valid");
    press("reset");
    await pass();
    expect(shown()).toBe("nothing yet");
  });

  function provided(server: Server, input: string): ReactNode {
    return (
      <StepglassProvider fetch={server.fetch}>
        <Start input={input} />
      </StepglassProvider>
    );
  }
});

test("cancelling says when the wish is on its way, and what went wrong with it", async () => {
  const server = new Server();
  server.routes.set(`/api/runs/${RUN_ID}/cancel`, () => problem(409, "The run has already ended"));
  function Cancel(): ReactNode {
    const { cancel, cancelling, problem: wrong } = useCancelRun(RUN_ID);
    return (
      <>
        <button type="button" onClick={() => void cancel()}>
          cancel
        </button>
        <p>{cancelling ? "cancelling" : (wrong?.title ?? "")}</p>
      </>
    );
  }
  show(server, <Cancel />);
  press("cancel");
  await pass();
  expect(shown()).toBe("The run has already ended");
});

test("the list of runs is live", async () => {
  const server = new Server();
  const first = toSnapshot(opening("01938f3a-0000-7000-8000-000000000001"));
  const second = toSnapshot(opening("01938f3a-0000-7000-8000-000000000002"));
  server.routes.set("/api/runs", () => json({ runs: [first] }));
  server.routes.set("/api/runs/events", () => server.stream(0, undefined, frame("stream_open", { mode: "live" })));
  function Runs(): ReactNode {
    return (
      <p>
        {useRuns()
          .runs.map(({ runId }) => runId.slice(-1))
          .join(" ")}
      </p>
    );
  }
  show(server, <Runs />);
  await pass();
  expect(shown()).toBe("1");
  server.raw(`id: 4\ndata: ${JSON.stringify({ type: "run_changed", cursor: 4, run: second })}\n\n`);
  await pass();
  expect(shown()).toBe("2 1");
});

test("whoever asks for the token is the one that is on the page now", async () => {
  const server = new Server(goodStory().events);
  server.routes.set("/api/runs", ({ headers }) =>
    headers.get("Authorization") === "Bearer new" ? json({ run_id: RUN_ID }) : problem(401),
  );
  const [old, now] = [vi.fn(() => undefined), vi.fn(() => "new")];
  const page = (ask: () => string | undefined): ReactNode => (
    <StepglassProvider fetch={server.fetch} onUnauthorized={ask}>
      <Start />
    </StepglassProvider>
  );
  const { rerender } = render(page(old));
  rerender(page(now));
  press("start");
  await pass();
  expect(shown()).toBe(RUN_ID);
  expect(old).not.toHaveBeenCalled();
});

test("a hook without a server says what to put around it", () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  expect(() => render(<Start />)).toThrow("put a <StepglassProvider>");
});
