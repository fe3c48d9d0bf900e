/** All that a page needs of one server: its operations, and its runs, each watched by one connection however many look. */

import { type Api, createApi, type RunsFilter } from "./api.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { Scheduler } from "./frame.ts";
import { createHttp, type Http, type HttpOptions } from "./http.ts";
import { createRunsStore, type RunsStore } from "./runs.ts";
import { createRunStore, type RunStore } from "./store.ts";

export interface Client {
  readonly http: Http;
  readonly api: Api;
  /** The store of a run: the same one for all who ask. Nothing is connected before somebody subscribes. */
  run(runId: string): RunStore;
  /** The list of runs under a filter: the same one for all who ask. */
  runs(filter?: RunsFilter): RunsStore;
}

export interface ClientOptions extends HttpOptions, ConnectionOptions {
  schedule?: Scheduler | undefined;
  lingerMs?: number | undefined;
}

/** Stores that are kept for those who come back; a run's text is in them. */
const KEPT = 20;

export function createClient(options: ClientOptions = {}): Client {
  const http = createHttp(options);
  const runs = new Map<string, RunStore>();
  const lists = new Map<string, RunsStore>();
  return {
    http,
    api: createApi(http),
    run: (runId) => kept(runs, runId, () => createRunStore({ ...options, http, runId })),
    runs: (filter = {}) =>
      kept(lists, [filter.status, filter.pipeline, filter.without].join("\n"), () =>
        createRunsStore({ ...options, http, filter }),
      ),
  };
}

/** One that falls out of the map lives on for those who look at it. */
function kept<Kept>(stores: Map<string, Kept>, key: string, make: () => Kept): Kept {
  const store = stores.get(key) ?? make();
  stores.delete(key);
  stores.set(key, store);
  for (const oldest of stores.keys()) {
    if (stores.size <= KEPT) break;
    stores.delete(oldest);
  }
  return store;
}
