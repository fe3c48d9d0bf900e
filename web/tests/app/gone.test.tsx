// @vitest-environment jsdom

import { act, fireEvent, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test } from "vitest";
import { useGone } from "../../src/app/run/use-gone.ts";
import { foldAll } from "../../src/core/fold.ts";
import { opening } from "../../src/core/view.ts";
import { pageStandsStill, pass, show } from "../react/harness.tsx";
import { problem, Server } from "../server.ts";
import { goodStory, RUN_ID } from "../story.ts";

pageStandsStill();

const GONE = (): Response => problem(404, "There is no such run", { type: "/problems/unknown-run" });

function Page({ server, wanted = true }: { server: Server; wanted?: boolean }): ReactNode {
  const gone = useGone(foldAll(opening(RUN_ID), server.log), wanted);
  return <p>{gone ? "gone" : "there"}</p>;
}

function shown(): string {
  return screen.getByRole("paragraph").textContent;
}

async function comesBack(): Promise<void> {
  fireEvent.focus(window);
  await pass();
}

test("a run that was removed is said to be gone to whoever comes back to it", async () => {
  const server = new Server(goodStory().events);
  show(server, <Page server={server} />);
  await pass();
  expect([server.asked.length, shown()]).toEqual([0, "there"]);
  await comesBack();
  // Nothing but the end of the log was asked for, and nothing was sent.
  expect(server.asked.map(({ path, headers }) => [path, headers.get("Last-Event-ID")])).toEqual([
    [`/api/runs/${RUN_ID}/events`, String(server.log.length)],
  ]);
  expect([server.streams.length, shown()]).toEqual([0, "there"]);
  server.next.push(GONE);
  await comesBack();
  expect(shown()).toBe("gone");
  await comesBack();
  await pass(120_000);
  expect(server.asked).toHaveLength(2);
});

test("and to whoever stays with it, before long", async () => {
  const server = new Server(goodStory().events);
  show(server, <Page server={server} />);
  await pass(59_000);
  server.next.push(GONE);
  await pass(1000);
  expect(shown()).toBe("gone");
});

test("a server that is away for a while has removed nothing", async () => {
  const server = new Server(goodStory().events);
  show(server, <Page server={server} />);
  for (const answer of [problem(503), problem(404), problem(401)]) {
    server.next.push(() => answer);
    await comesBack();
    expect(shown()).toBe("there");
  }
  server.next.push(() => Promise.reject(new TypeError("Failed to fetch")));
  await comesBack();
  expect(shown()).toBe("there");
});

test("a run that goes on, and one that nobody wants to know of, are not asked about", async () => {
  const going = new Server(goodStory().events.slice(0, 3));
  show(going, <Page server={going} />);
  const ended = new Server(goodStory().events);
  const { unmount } = show(ended, <Page server={ended} wanted={false} />);
  await comesBack();
  await act(async () => unmount());
  await pass(120_000);
  expect([going.asked, ended.asked]).toEqual([[], []]);
});
