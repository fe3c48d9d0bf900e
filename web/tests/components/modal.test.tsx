// @vitest-environment jsdom

import { act, fireEvent, render, screen, within } from "@testing-library/react";
import { type ReactNode, useState } from "react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  GenerationProgressModal,
  type GenerationProgressModalProps,
} from "../../src/components/generation-progress-modal.tsx";
import { createReplayStore, type ReplayStore } from "../../src/core/replay.ts";
import { pageStandsStill, pass, show } from "../react/harness.tsx";
import { json, problem, Server } from "../server.ts";
import { goodStory, PROBLEM, RUN_ID, story } from "../story.ts";
import { transcript } from "../transcripts.ts";
import { expectAccessible, pressEscape, withDialogs } from "./dom.ts";

pageStandsStill();
beforeEach(() => {
  withDialogs();
  localStorage.clear();
});

const PLAN = [
  { step: "brief", label: "Generate brief", after: [] },
  { step: "framework", label: "Generate framework", after: ["brief"] },
];

function Modal(props: Partial<GenerationProgressModalProps>): ReactNode {
  return <GenerationProgressModal open={true} title="Acme" onClose={() => undefined} {...props} />;
}

function dialog(): HTMLElement {
  return screen.getByRole("dialog", { hidden: true });
}

function row(label: string): HTMLElement {
  return within(screen.getByRole("list", { name: "Steps" })).getByRole("button", { name: new RegExp(`^${label}`) });
}

describe("before the server has answered", () => {
  test("the modal is there, with the steps to come", async () => {
    render(<Modal plan={PLAN} />);
    expect(dialog().textContent).toContain("Starting the run…");
    expect(row("Generate framework").textContent).toContain("Waits for Generate brief");
    expect(document.activeElement?.textContent).toBe("Acme");
  });

  test("a start that failed is said in words, and may be tried again", async () => {
    const onRetry = vi.fn();
    render(<Modal plan={PLAN} problem={PROBLEM} onRetry={onRetry} />);
    expect(screen.getByRole("alert").textContent).toContain("The answer broke off");
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(onRetry).toHaveBeenCalledOnce();
  });

  test("the run that then begins is shown in the same window", async () => {
    function Page(): ReactNode {
      const [run, setRun] = useState<string>();
      return (
        <>
          <button type="button" onClick={() => setRun(RUN_ID)}>
            The server has answered
          </button>
          <Modal plan={PLAN} run={run} />
        </>
      );
    }
    show(new Server(story().started("brief").start("brief").events), <Page />);
    const before = dialog();
    const heading = screen.getByRole("heading", { name: "Acme" });
    fireEvent.click(screen.getByRole("button", { name: "The server has answered" }));
    await pass();
    expect(dialog()).toBe(before);
    expect(heading.isConnected).toBe(true);
    expect(row("The brief").textContent).toContain("0 s");
  });
});

describe("while a run goes on", () => {
  const going = story().started("brief", "framework").start("brief").writes("brief", "A **bold** wo");

  test("its text is shown as it is written, and never read out", async () => {
    show(new Server(going.events), <Modal run={RUN_ID} />);
    await pass(300);
    const text = screen.getByRole("region", { name: "Text of “The brief”" });
    expect(text.querySelector("strong")?.textContent).toBe("bold");
    expect(text.getAttribute("aria-live")).toBe("off");
    for (const live of dialog().querySelectorAll("[aria-live=polite], [role=status], [role=alert]")) {
      expect(live.textContent).not.toContain("bold");
    }
  });

  test("what changes is said once for those who listen", async () => {
    const server = new Server(going.events.slice());
    show(server, <Modal run={RUN_ID} />);
    await pass(300);
    server.say(...continued(going).completes("brief", "x").start("framework").events.slice(going.events.length));
    await pass(300);
    const said = screen.getAllByRole("status", { hidden: true }).map((each) => each.textContent);
    expect(said).toContain("The brief: Complete. The framework: In progress");
  });

  test("closing the window leaves the run alone", async () => {
    const server = new Server(going.events);
    const onClose = vi.fn();
    show(server, <Modal run={RUN_ID} onClose={onClose} />);
    await pass();
    expect(pressEscape(dialog()).defaultPrevented).toBe(true);
    fireEvent.click(screen.getByRole("button", { name: "Run in the background" }));
    expect(onClose).toHaveBeenCalledTimes(2);
    expect(server.asked.every(({ method }) => method === "GET")).toBe(true);
  });

  test("cancelling asks first, with the focus on the harmless answer", async () => {
    const server = new Server(going.events);
    server.routes.set(`/api/runs/${RUN_ID}/cancel`, () => json({ run_id: RUN_ID, status: "running" }, 202));
    show(server, <Modal run={RUN_ID} />);
    await pass();
    fireEvent.click(screen.getByRole("button", { name: "Cancel run" }));
    expect(document.activeElement?.textContent).toBe("Keep it running");
    expect(server.asked.some(({ method }) => method === "POST")).toBe(false);
    fireEvent.click(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Cancel run" }));
    await pass();
    expect(server.asked.filter(({ method }) => method === "POST").map(({ path }) => path)).toEqual([
      `/api/runs/${RUN_ID}/cancel`,
    ]);
  });

  test("it is paused and goes on with the same button, and nobody is told how long it will take meanwhile", async () => {
    const server = new Server(going.events.slice());
    for (const wish of ["pause", "unpause"]) {
      server.routes.set(`/api/runs/${RUN_ID}/${wish}`, () => json({ run_id: RUN_ID, status: "running" }, 202));
    }
    show(server, <Modal run={RUN_ID} />);
    await pass();
    const button = screen.getByRole("button", { name: "Pause" });
    fireEvent.click(button);
    await pass();
    const paused = continued(going).say("run_paused", {});
    server.say(...paused.events.slice(going.events.length));
    await pass(300);
    expect(dialog().textContent).toContain("The run is paused once what is at work has ended.");
    const before = paused.events.length;
    const quiet = continued(paused).completes("brief", "x");
    server.say(...quiet.events.slice(before));
    await pass(300);
    expect(dialog().textContent).toContain("The run is paused. Nothing new begins until it goes on.");
    vi.useRealTimers();
    await expectAccessible(dialog());
    vi.useFakeTimers();
    expect(button.textContent).toBe("Resume");
    fireEvent.click(button);
    await pass();
    expect(server.asked.filter(({ method }) => method === "POST").map(({ path }) => path)).toEqual([
      `/api/runs/${RUN_ID}/pause`,
      `/api/runs/${RUN_ID}/unpause`,
    ]);
    server.say(...continued(quiet).say("run_unpaused", {}).events.slice(quiet.events.length));
    await pass(300);
    expect(screen.getByRole("button", { name: "Pause" })).toBe(button);
  });

  test("a pause that is refused says why", async () => {
    const server = new Server(going.events);
    server.routes.set(`/api/runs/${RUN_ID}/pause`, () => problem(409, "The run has ended"));
    show(server, <Modal run={RUN_ID} />);
    await pass();
    fireEvent.click(screen.getByRole("button", { name: "Pause" }));
    await pass();
    expect(screen.getByRole("alert").textContent).toContain("The run has ended");
  });

  test("a cancel that is refused says why", async () => {
    const server = new Server(going.events);
    server.routes.set(`/api/runs/${RUN_ID}/cancel`, () => problem(409, "The run has ended"));
    show(server, <Modal run={RUN_ID} />);
    await pass();
    fireEvent.click(screen.getByRole("button", { name: "Cancel run" }));
    fireEvent.click(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Cancel run" }));
    await pass();
    expect(screen.getByRole("alertdialog").textContent).toContain("The run has ended");
  });

  test("a connection that is lost is said, and is not the end of the run", async () => {
    const server = new Server(going.events);
    show(server, <Modal run={RUN_ID} />);
    await pass();
    server.next.push(
      () => problem(503, "Not now"),
      () => problem(503, "Not now"),
    );
    server.drop();
    await pass(1000);
    expect(dialog().textContent).toContain("Connection lost. Reconnecting");
    await pass(4000);
    expect(dialog().textContent).not.toContain("Connection lost");
    expect(row("The brief").textContent).toMatch(/\d s/);
  });

  test("a connection whose next try hangs is said as well, with a way to try at once", async () => {
    const server = new Server(going.events);
    show(server, <Modal run={RUN_ID} />);
    await pass();
    server.next.push(() => new Promise(() => undefined));
    server.drop();
    await pass(1000);
    expect(dialog().textContent).toContain("Connection lost. Reconnecting");
    fireEvent.click(screen.getByRole("button", { name: "Reconnect" }));
    await pass();
    expect(dialog().textContent).not.toContain("Connection lost");
  });

  test("a break that is over within half a second is not spoken of", async () => {
    const server = new Server(going.events);
    show(server, <Modal run={RUN_ID} />);
    await pass();
    server.drop();
    const said = new Set<boolean>();
    for (let ms = 0; ms < 600; ms += 50) {
      await pass(50);
      said.add(dialog().textContent.includes("Connection lost"));
    }
    expect([...said]).toEqual([false]);
    expect(server.open).toHaveLength(1);
  });

  test("another step may be looked at, until the run is followed again", async () => {
    show(new Server(going.events), <Modal run={RUN_ID} />);
    await pass();
    fireEvent.click(row("The framework"));
    expect(screen.getByRole("heading", { name: "The framework" })).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Follow the run" }));
    expect(screen.getByRole("heading", { name: "The brief" })).toBeTruthy();
  });
});

describe("an attempt that fails", () => {
  const retried = story().started("brief").start("brief").writes("brief", "Once upon").retries("brief");

  test("is counted, its text is withdrawn before one's eyes, and goes", async () => {
    const server = new Server(retried.events.slice());
    show(server, <Modal run={RUN_ID} />);
    await pass(300);
    expect(row("The brief").textContent).toContain("The answer broke off");
    expect(dialog().querySelector("del")?.textContent).toContain("Once upon");
    const again = continued(retried).start("brief", { attempt: 2 }).writes("brief", "A time", { attempt: 2 });
    server.say(...again.events.slice(retried.events.length));
    await pass(300);
    expect(row("The brief").textContent).toContain("Attempt 2");
    expect(screen.getByRole("region", { name: /^Text/ }).textContent).toContain("A time");
    await pass(5000);
    expect(dialog().querySelector("del")).toBeNull();
  });
});

describe("a run that ends", () => {
  const almost = goodStory().events.slice(0, -1);
  const last = goodStory().events.slice(-1);

  async function finish(props: Partial<GenerationProgressModalProps>): Promise<void> {
    const server = new Server(almost.slice());
    show(server, <Modal run={RUN_ID} {...props} />);
    await pass(300);
    server.say(...last);
    await pass(300);
  }

  test("opens the result by itself, after a moment", async () => {
    const onOpenResult = vi.fn();
    await finish({ onOpenResult });
    expect(screen.getByRole("button", { name: /^Opening the result in/ })).toBeTruthy();
    expect(onOpenResult).not.toHaveBeenCalled();
    for (let second = 0; second < 5; second += 1) await pass(1000);
    expect(onOpenResult).toHaveBeenCalledExactlyOnceWith(RUN_ID);
  });

  test("and does not for those who want to stay", async () => {
    const onOpenResult = vi.fn();
    await finish({ onOpenResult });
    fireEvent.click(screen.getByRole("button", { name: "Stay here" }));
    for (let second = 0; second < 6; second += 1) await pass(1000);
    expect(onOpenResult).not.toHaveBeenCalled();
    expect(screen.getByRole("button", { name: "Open the result" })).toBeTruthy();
  });

  test("nor where that was switched off, for good", async () => {
    const onOpenResult = vi.fn();
    const first = show(new Server(almost.slice()), <Modal run={RUN_ID} />);
    await pass();
    fireEvent.click(screen.getByRole("button", { name: "Options" }));
    fireEvent.click(screen.getByRole("checkbox", { name: "Open the result when it is complete" }));
    expect(localStorage.getItem("stepglass.preferences")).toContain('"autoOpen":false');
    first.unmount();
    await finish({ onOpenResult });
    for (let second = 0; second < 6; second += 1) await pass(1000);
    expect(onOpenResult).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole("button", { name: "Options" }));
    fireEvent.click(screen.getByRole("checkbox", { name: "Open the result when it is complete" }));
  });

  test("says how it failed, where, and offers another try", async () => {
    const onRetry = vi.fn();
    const failed = story().started("brief").start("brief").fails("brief").failed("brief");
    show(new Server(failed.events), <Modal run={RUN_ID} onRetry={onRetry} />);
    await pass(300);
    expect(screen.getByRole("alert").textContent).toContain("In the step “The brief”.");
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(onRetry).toHaveBeenCalledOnce();
  });
});

describe("a run that failed half-way", () => {
  const half = story().started("brief", "framework").start("brief").completes("brief", "x").start("framework");
  const failed = half.fails("framework").failed("framework");
  const NEW_ID = "01938f3b-0000-7000-8000-000000000001";
  const retry = `/api/runs/${RUN_ID}/retry`;

  async function open(server: Server): Promise<{ onRetry: () => void; onRetried: (runId: string) => void }> {
    const does = { onRetry: vi.fn(), onRetried: vi.fn() };
    show(server, <Modal run={RUN_ID} {...does} />);
    await pass(300);
    return does;
  }

  test("says what a retry takes over, and goes on as another run", async () => {
    const server = new Server(failed.events);
    server.routes.set(retry, () => json({ run_id: NEW_ID, events_url: "" }, 202));
    const { onRetry, onRetried } = await open(server);
    expect(screen.getByRole("alert").textContent).toContain("takes over what was finished: The brief.");
    fireEvent.click(screen.getByRole("button", { name: "Retry from “The framework”" }));
    await pass();
    expect(onRetried).toHaveBeenCalledExactlyOnceWith(NEW_ID);
    fireEvent.click(screen.getByRole("button", { name: "Start over" }));
    expect(onRetry).toHaveBeenCalledOnce();
  });

  test("is done again once, however often the button is pressed and the answer is lost", async () => {
    const server = new Server(failed.events);
    server.routes.set(retry, () => json({ run_id: NEW_ID, events_url: "" }, 202));
    const { onRetried } = await open(server);
    server.next.push(() => Promise.reject(new TypeError("network error")));
    const button = screen.getByRole("button", { name: /^Retry from/ });
    fireEvent.click(button);
    fireEvent.click(button);
    await pass();
    expect(dialog().textContent).toContain("The server cannot be reached");
    fireEvent.click(button);
    await pass();
    const asked = server.asked.filter(({ path }) => path === retry);
    expect(asked).toHaveLength(2);
    expect(new Set(asked.map(({ headers }) => headers.get("Idempotency-Key"))).size).toBe(1);
    expect(onRetried).toHaveBeenCalledOnce();
  });

  test("says why it cannot be done again", async () => {
    const server = new Server(failed.events);
    server.routes.set(retry, () => problem(409, "The run still goes on"));
    const { onRetried } = await open(server);
    fireEvent.click(screen.getByRole("button", { name: /^Retry from/ }));
    await pass();
    expect(dialog().textContent).toContain("The run still goes on");
    expect(onRetried).not.toHaveBeenCalled();
  });

  test("shows in the run that goes on from it what was taken from it", async () => {
    const taken = story()
      .queued()
      .of("step_complete", "brief", { result: "x", reused: { run_id: RUN_ID } });
    const server = new Server(taken.planned("brief", "framework").start("framework").events);
    show(server, <Modal run={RUN_ID} />);
    await pass(300);
    expect(row("The brief").textContent).toContain("Taken from an earlier run");
    fireEvent.click(row("The brief"));
    expect(dialog().textContent).toContain("x");
  });
});

describe("a run that is played again", () => {
  function replay(name: string): ReplayStore {
    return createReplayStore({ events: transcript(name), autoplay: false });
  }

  test("can be moved, sped up, and not be cancelled", async () => {
    const store = replay("good");
    render(<Modal run={store} />);
    await pass();
    expect(screen.queryByRole("button", { name: "Cancel run" })).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "16×" }));
    expect(store.getSnapshot().speed).toBe(16);
    fireEvent.change(screen.getByRole("slider", { name: "Position" }), { target: { value: "5000" } });
    expect(screen.getByRole("progressbar", { name: "Progress of the run" }).ariaValueNow).not.toBe("0");
    fireEvent.click(screen.getByRole("button", { name: "Jump to the end" }));
    expect(screen.getByRole("heading", { name: "Your result is ready" })).toBeTruthy();
  });

  test.each(["good", "retry", "failed", "cancelled", "takeover", "refine"])("%s has nothing for axe", async (name) => {
    const store = replay(name);
    const { container } = render(<Modal run={store} />);
    await pass();
    const { lengthMs } = store.getSnapshot();
    for (const part of [0.1, 0.5, 1]) {
      act(() => store.seek(lengthMs * part));
      vi.useRealTimers();
      await expectAccessible(container);
      vi.useFakeTimers();
    }
  });
});

/** A story that goes on from the end of another one. */
function continued(before: ReturnType<typeof story>): ReturnType<typeof story> {
  const more = story();
  more.ts = before.ts;
  more.events.push(...before.events);
  return more;
}
