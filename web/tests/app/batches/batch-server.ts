/** A batch of the API's as a `fetch`: what it says of it, and its log. */

import type { BatchBody, ItemBody } from "../../../src/app/batches/wire.ts";
import type { Counts, LogEvent } from "../../../src/core/contract.ts";
import { json, Server } from "../../server.ts";
import { FIRST_TS, type Story, story } from "../../story.ts";

export const BATCH_ID = "01938f3a-7c4e-7d2a-9b1f-3e5a6c7d8e9f";
const NONE = { waiting: 0, running: 0, complete: 0, skipped: 0, failed: 0, cancelled: 0 };

export function counts(told: Partial<Counts>): Counts {
  const known = { ...NONE, ...told };
  const { waiting, running, complete, failed, cancelled } = known;
  return { ...known, total: waiting + running + complete + failed + cancelled };
}

export function body(more: Partial<BatchBody> = {}): BatchBody {
  return {
    ...{ batch_id: BATCH_ID, name: "portfolio", pipeline: "vision_framework", status: "running", progress: 0 },
    ...{ concurrency: 10, created_at: FIRST_TS, tail_seq: 2, cost_complete: true, forks: [] },
    counts: counts({ waiting: 4 }),
    ...more,
  };
}

/** The log of a batch, told item by item. */
export class BatchStory {
  readonly story: Story;
  readonly #counts: Counts;

  constructor(waiting: number, running = 0) {
    this.#counts = counts({ waiting, running });
    this.story = story()
      .say("run_queued", { pipeline: "batch", title: "portfolio" }, { progress: 0 })
      .say("run_start", { pipeline: "batch", plan: [{ step: "items", label: "Run the items", after: [] }] })
      .start("items");
  }

  get events(): LogEvent[] {
    return this.story.events;
  }

  item(key: string, more: Partial<ItemBody> = {}): this {
    const value = { key, run_id: `run-${key}`, status: "complete", skipped: false, ...more };
    this.story.part("items", `/items/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, value);
    this.#counts.waiting -= 1;
    if (value.status === "complete") this.#counts.complete += 1;
    if (value.status === "error") this.#counts.failed += 1;
    if (value.status === "cancelled") this.#counts.cancelled += 1;
    if (value.skipped) this.#counts.skipped += 1;
    return this;
  }

  fails(key: string, title = "The framework breaks its bounds"): this {
    return this.item(key, { status: "error", problem: { type: "about:blank", title, detail: "In two places." } });
  }

  tells(message = "", more: object = {}): this {
    this.story.of("progress", "items", { counts: { ...this.#counts }, eta_ms: 60_000, ...more }, { message });
    return this;
  }
}

export class BatchServer extends Server {
  told: BatchBody;

  constructor(log: LogEvent[], told: BatchBody = body({ tail_seq: log.at(-1)?.seq ?? 0 })) {
    super(log);
    this.told = told;
    this.routes.set(`/api/batches/${BATCH_ID}`, () => json(this.told));
    this.routes.set("/api/runs", () => json({ runs: [], cursor: 1 }));
    this.routes.set("/api/pipelines", () => json([]));
  }

  /** What was sent to an address, method and path. */
  sent(method: string, path: string): number {
    return this.asked.filter((each) => each.method === method && each.path === path).length;
  }
}
