/** The pages that are not in the first file: loaded when they are asked for, or a little before. */

import { lazy } from "react";
import { askAhead } from "./ahead.ts";
import { client } from "./server.ts";
import { whenIdle } from "./when-idle.ts";

const load = {
  run: async () => ({ default: (await import("./run/run-page.tsx")).RunPage }),
  runs: async () => ({ default: (await import("./runs/runs-page.tsx")).RunsPage }),
  batch: async () => ({ default: (await import("./batches/batch-page.tsx")).BatchPage }),
  batches: async () => ({ default: (await import("./batches/batches-page.tsx")).BatchesPage }),
  stats: async () => ({ default: (await import("./stats/stats-page.tsx")).StatsPage }),
  replay: async () => ({ default: (await import("./replay-page.tsx")).ReplayPage }),
};

export const RunPage = lazy(load.run);
export const RunsPage = lazy(load.runs);
export const BatchPage = lazy(load.batch);
export const BatchesPage = lazy(load.batches);
export const StatsPage = lazy(load.stats);
export const ReplayPage = lazy(load.replay);

/** Called before anything is drawn. What fails here fails again where it is needed, and is told there. */
export function loadAhead(path = location.pathname): void {
  const ahead = (page: () => Promise<unknown>): void => void page().catch(() => undefined);
  const [, runId] = /^\/runs\/([\w-]+)\/?$/.exec(path) ?? [];
  if (runId !== undefined) {
    askAhead(client, runId);
    ahead(load.run);
  } else if (path === "/runs") ahead(load.runs);
  else if (path === "/batches") ahead(load.batches);
  else if (path.startsWith("/batches/")) ahead(load.batch);
  else if (path === "/stats") ahead(load.stats);
  // A run that is started leads to its page, in the very moment in which its first events are to be shown.
  whenIdle(() => ahead(load.run));
}
