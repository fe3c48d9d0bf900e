/** The API's list of runs as a `fetch`. */

import { opening } from "../src/core/view.ts";
import type { RunBody } from "../src/core/wire.ts";
import { frame, json, problem, Server } from "./server.ts";
import { toSnapshot } from "./shape.ts";

export function run(id: number, seq = 1, more: Partial<RunBody> = {}): RunBody {
  const view = opening(`01938f3a-0000-7000-8000-${String(id).padStart(12, "0")}`);
  return { ...toSnapshot(view), pipeline: "vision_framework", tail_seq: seq, ...more };
}

/** A server with a list of runs, in pages as large as they are asked for, and one stream of their changes. */
export class ListServer extends Server {
  runs: RunBody[];
  /** Where the feed is: what the next page says that it goes on from. */
  cursor = 3;
  refuse = false;

  constructor(runs: RunBody[]) {
    super();
    this.runs = runs;
    this.routes.set("/api/runs", ({ path }) => this.#page(new URLSearchParams(path.split("?")[1])));
    this.routes.set("/api/runs/events", ({ headers }) => {
      const cursor = Number(headers.get("Last-Event-ID") ?? 0);
      return this.stream(cursor, undefined, frame("stream_open", { mode: "live", oldest_seq: 1, tail_seq: 1 }));
    });
  }

  change(cursor: number, changed: RunBody): void {
    this.raw(`id: ${cursor}\ndata: ${JSON.stringify({ type: "run_changed", cursor, run: changed })}\n\n`);
  }

  /** The cursors that streams were asked for with. */
  get from(): (string | null)[] {
    const streams = this.asked.filter(({ path }) => path === "/api/runs/events");
    return streams.map(({ headers }) => headers.get("Last-Event-ID"));
  }

  get pages(): string[] {
    return this.asked.map(({ path }) => path).filter((path) => path.startsWith("/api/runs?"));
  }

  #page(query: URLSearchParams): Response {
    if (this.refuse) return problem(503, "The store does not answer");
    const wanted = (name: "status" | "pipeline", each: RunBody): boolean =>
      !query.get(name) || each[name] === query.get(name);
    const all = this.runs.filter((each) => wanted("status", each) && wanted("pipeline", each));
    const from = query.get("after") ? all.findIndex(({ run_id }) => run_id === query.get("after")) + 1 : 0;
    const limit = Number(query.get("limit"));
    const runs = all.slice(from, from + limit);
    const { cursor } = this;
    return json(from + limit < all.length ? { runs, next_after: runs.at(-1)?.run_id, cursor } : { runs, cursor });
  }
}
