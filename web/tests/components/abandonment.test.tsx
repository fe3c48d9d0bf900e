// @vitest-environment jsdom

import { cleanup, render, screen } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { GenerationProgressModal } from "../../src/components/generation-progress-modal.tsx";
import { StepglassProvider } from "../../src/react/context.tsx";
import { clientOf, pageStandsStill, pass, show } from "../react/harness.tsx";
import { type Asked, problem, Server } from "../server.ts";
import { goodStory, RUN_ID, story } from "../story.ts";
import { withDialogs } from "./dom.ts";

pageStandsStill();
beforeEach(() => {
  withDialogs();
  sessionStorage.clear();
});

const PATH = `/api/runs/${RUN_ID}/abandoned`;

class Counting extends Server {
  /** Who has left and is not back, as the server counts them. */
  readonly away = new Set<unknown>();
  readonly said: Asked[] = [];

  constructor(going = true) {
    super(going ? story().started("brief").start("brief").events : goodStory().events);
    this.routes.set(PATH, (asked) => {
      this.said.push(asked);
      const { viewer, back } = JSON.parse(asked.body ?? "{}") as { viewer?: string; back?: boolean };
      if (back) this.away.delete(viewer);
      else this.away.add(viewer);
      return new Response(null, { status: 204 });
    });
  }
}

function Modal({ open = true }: { open?: boolean }): ReactNode {
  return <GenerationProgressModal open={open} title="Acme" run={RUN_ID} onClose={() => undefined} />;
}

/** What a browser tells a page that goes away, or comes out of its cache. */
async function page(type: "pagehide" | "pageshow", persisted = false): Promise<void> {
  window.dispatchEvent(Object.assign(new Event(type), { persisted }));
  await pass(0);
}

/** The tab has another page of ours in it, or the same one anew. */
async function load(server: Server, what: ReactNode): Promise<void> {
  cleanup();
  show(server, what);
  await pass();
}

describe("a viewer who watches a run", () => {
  test("and closes the tab has left it", async () => {
    const server = new Counting();
    await load(server, <Modal />);
    await page("pagehide");
    expect(server.away.size).toBe(1);
    expect(server.said[0]).toMatchObject({ method: "POST", path: PATH });
    // Nothing that a page would have to ask for first, were the server elsewhere.
    expect([...(server.said[0]?.headers.keys() ?? [])]).toEqual([]);
    expect(JSON.parse(server.said[0]?.body ?? "")).toEqual({
      viewer: expect.stringMatching(/^[0-9a-f]{24}$/),
      at: expect.any(Number),
    });
  });

  test("and reloads has not, with or without the modal open again", async () => {
    const server = new Counting();
    await load(server, <Modal />);
    await page("pagehide");
    await load(server, <p>another page of ours</p>);
    expect(server.away.size).toBe(0);
    expect(server.said).toHaveLength(2);
    await load(server, <Modal />);
    expect(server.said, "said once").toHaveLength(2);
  });

  test("and reloads when the run has ended meanwhile has not", async () => {
    const server = new Counting();
    await load(server, <Modal />);
    await page("pagehide");
    server.log = goodStory().events;
    await load(server, <Modal />);
    expect(server.away.size).toBe(0);
  });

  test("and goes away and back, by a page that the browser kept, has not", async () => {
    const server = new Counting();
    await load(server, <Modal />);
    await page("pagehide", true);
    expect(server.away.size).toBe(1);
    await page("pageshow", true);
    expect(server.away.size).toBe(0);
  });

  test("leaves again after coming back, and is one viewer all the time", async () => {
    const server = new Counting();
    await load(server, <Modal />);
    await page("pagehide");
    await load(server, <Modal />);
    await page("pagehide");
    expect(server.away.size).toBe(1);
    expect(new Set(server.said.map(({ body }) => (JSON.parse(body ?? "") as { viewer: string }).viewer)).size).toBe(1);
  });

  test("and puts it in the background has not left it", async () => {
    const server = new Counting();
    const client = clientOf(server);
    const shown = (open: boolean): ReactNode => (
      <StrictMode>
        <StepglassProvider client={client}>
          <Modal open={open} />
        </StepglassProvider>
      </StrictMode>
    );
    const { rerender } = render(shown(true));
    await pass();
    rerender(shown(false));
    await page("pagehide");
    expect(server.said).toEqual([]);
  });

  test("and goes to another page without loading it has not", async () => {
    const server = new Counting();
    const client = clientOf(server);
    const { rerender } = render(
      <StepglassProvider client={client}>
        <Modal />
      </StepglassProvider>,
    );
    await pass();
    rerender(
      <StepglassProvider client={client}>
        <p>elsewhere</p>
      </StepglassProvider>,
    );
    await page("pagehide");
    expect(screen.getByText("elsewhere")).toBeTruthy();
    expect(server.said).toEqual([]);
  });
});

test("a run that has ended is not left", async () => {
  const server = new Counting(false);
  await load(server, <Modal />);
  await page("pagehide");
  expect(server.said).toEqual([]);
});

describe("when the way back is not clear", () => {
  test.each([
    ["does not answer", () => Promise.reject(new TypeError("network error"))],
    ["cannot do it now", () => problem(503)],
  ])("a server that %s is told by the next page", async (_, answer) => {
    const server = new Counting();
    await load(server, <Modal />);
    await page("pagehide");
    server.next.push(answer);
    await load(server, <p>here</p>);
    expect(server.away.size).toBe(1);
    await load(server, <p>here</p>);
    expect(server.away.size).toBe(0);
  });

  test("what the server refuses is not said again", async () => {
    const server = new Counting();
    await load(server, <Modal />);
    await page("pagehide");
    server.next.push(() => problem(404));
    await load(server, <p>here</p>);
    await load(server, <p>here</p>);
    expect(server.said).toHaveLength(1);
  });

  test("a browser that keeps nothing for the tab says nothing", async () => {
    const server = new Counting();
    await load(server, <Modal />);
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("no", "QuotaExceededError");
    });
    await page("pagehide");
    expect(server.said).toEqual([]);
  });

  test("what somebody else has put there is passed over", async () => {
    sessionStorage.setItem("stepglass.left", "{not json");
    const server = new Counting();
    await load(server, <Modal />);
    sessionStorage.setItem("stepglass.left", '[7, null, {"a": 1}]');
    await load(server, <Modal />);
    expect(server.said).toEqual([]);
    await page("pagehide");
    expect(JSON.parse(sessionStorage.getItem("stepglass.left") ?? "")).toEqual([RUN_ID]);
  });
});
