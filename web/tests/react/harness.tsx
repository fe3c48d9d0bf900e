/** Components with a server of the test's behind them. */

import { act, cleanup, render } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { afterEach, beforeEach, vi } from "vitest";
import { type Client, createClient } from "../../src/core/client.ts";
import { StepglassProvider } from "../../src/react/context.tsx";
import { TestPresence } from "../page.ts";
import type { Server } from "../server.ts";
import { FIRST_TS } from "../story.ts";

export function pageStandsStill(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: FIRST_TS });
    // React asks for this of whoever acts on its components.
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  });
  afterEach(async () => {
    cleanup();
    await vi.advanceTimersByTimeAsync(2000);
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
}

export async function pass(ms = 50): Promise<void> {
  await act(async () => {
    await vi.advanceTimersByTimeAsync(ms);
  });
}

export function clientOf(server: Server): Client {
  return createClient({ fetch: server.fetch, presence: new TestPresence(), random: () => 1 });
}

export function show(server: Server, children: ReactNode): ReturnType<typeof render> {
  const client = clientOf(server);
  return render(
    <StrictMode>
      <StepglassProvider client={client}>{children}</StepglassProvider>
    </StrictMode>,
  );
}
