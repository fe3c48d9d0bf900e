// @vitest-environment jsdom

import { fireEvent, screen, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { GenerationHost } from "../../src/app/generation.tsx";
import { RunPage } from "../../src/app/run/run-page.tsx";
import { Shell } from "../../src/app/shell.tsx";
import { ToastHost } from "../../src/app/toast.tsx";
import { foldAll } from "../../src/core/fold.ts";
import { opening } from "../../src/core/view.ts";
import { expectAccessible, withDialogs } from "../components/dom.ts";
import { pageStandsStill, pass, show } from "../react/harness.tsx";
import { json, Server } from "../server.ts";
import { toSnapshot } from "../shape.ts";
import { RUN_ID, type Story, story } from "../story.ts";

vi.setConfig({ testTimeout: 20_000 });
pageStandsStill();
beforeEach(() => {
  withDialogs();
  localStorage.clear();
  sessionStorage.clear();
});

const SCHEMA = { type: "string", title: "Season" };

function asking(): Story {
  return story().started("brief").say("input_required", { input_id: "q-1", schema: SCHEMA, prompt: "Which season?" });
}

function Page(): ReactNode {
  return (
    <ToastHost>
      <GenerationHost>
        <Shell>
          <RunPage runId={RUN_ID} />
        </Shell>
      </GenerationHost>
    </ToastHost>
  );
}

async function opened(told: Story): Promise<Server> {
  const server = new Server(told.events);
  server.routes.set(`/api/runs/${RUN_ID}`, () => json(toSnapshot(foldAll(opening(RUN_ID), told.events))));
  server.routes.set("/api/pipelines", () => json([]));
  server.routes.set(`/api/runs/${RUN_ID}/inputs/q-1`, () => json({ run_id: RUN_ID, status: "waiting" }, 202));
  show(server, <Page />);
  // Until the modal has caught up with the log.
  for (let tries = 0; tries < 100 && !screen.queryByLabelText("Season"); tries++) await pass();
  return server;
}

test("a run that asks says so when its modal is closed: in the bar, in the tab's title, and on its page", async () => {
  const server = await opened(asking());
  fireEvent.change(within(screen.getByRole("dialog")).getByLabelText("Season"), { target: { value: "spri" } });
  fireEvent.click(screen.getByRole("button", { name: "Run in the background" }));
  await pass(300);
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(screen.getByRole("button", { name: /asks you, answer it$/ }).textContent).toContain("asks you");
  expect(document.title).toMatch(/^\(1\) .* · Stepglass$/);
  expect(screen.getAllByRole("status").map((each) => each.textContent)).toContain("The run asks you: Which season?");

  const season = screen.getByLabelText<HTMLInputElement>("Season");
  expect(season.value, "what was typed in the modal").toBe("spri");
  vi.useRealTimers();
  await expectAccessible(document.body);
  vi.useFakeTimers();
  fireEvent.change(season, { target: { value: "spring" } });
  fireEvent.click(screen.getByRole("button", { name: "Send the answer" }));
  await pass();
  expect(server.asked.find(({ method }) => method === "POST")?.body).toBe('{"value":"spring"}');

  const told = asking().say("input_received", { input_id: "q-1", value: "spring" });
  server.say(...told.events.slice(-1));
  await pass(300);
  expect(screen.queryByLabelText("Season")).toBeNull();
  expect(document.title).not.toMatch(/^\(1\)/);
});

test("the way in the bar leads to the question", async () => {
  await opened(asking());
  fireEvent.click(screen.getByRole("button", { name: "Run in the background" }));
  await pass(300);
  fireEvent.click(screen.getByRole("button", { name: /asks you, answer it$/ }));
  await pass(300);
  expect(within(screen.getByRole("dialog")).getByLabelText("Season")).toBeTruthy();
  expect(screen.getAllByLabelText("Season"), "it is asked in one place").toHaveLength(1);
});
