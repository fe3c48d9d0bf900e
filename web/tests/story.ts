/** Short histories to test with: each method appends what its name says, ten milliseconds later, and returns the story. */

import type { LogEvent, Problem, UsageData } from "../src/core/contract.ts";

export const RUN_ID = "01938f3a-7c4e-7d2a-9b1f-3e5a6c7d8e9f";
export const FIRST_TS = 1_795_204_800_000;
export const PROBLEM: Problem = { type: "/problems/model-failed", title: "The answer broke off", detail: "In a word." };
const PLAN = ["brief", "framework", "scoring"];

interface Where {
  attempt?: number;
  lane?: string;
  round?: number;
  duration?: number;
  message?: string;
  progress?: number;
}

export class Story {
  readonly events: LogEvent[] = [];
  ts = FIRST_TS;

  say(type: string, data: object = {}, more: object = {}): this {
    this.ts += 10;
    const envelope = { v: 1, run_id: RUN_ID, seq: this.events.length + 1, ts: this.ts };
    this.events.push({ ...envelope, type, ...more, data } as unknown as LogEvent);
    return this;
  }

  of(type: string, step: string, data: object = {}, where: Where = {}): this {
    return this.say(type, data, { step, attempt: 1, ...where });
  }

  queued(): this {
    return this.say("run_queued", { pipeline: "vision_framework" }, { message: "Queued", progress: 0 });
  }

  planned(...steps: string[]): this {
    const plan = (steps.length ? steps : PLAN).map((step) => ({ step, label: `The ${step}`, after: [] }));
    return this.say("run_start", { pipeline: "vision_framework", plan }, { progress: 0 });
  }

  started(...steps: string[]): this {
    return this.queued().planned(...steps);
  }

  start(step: string, where?: Where): this {
    return this.of("step_start", step, {}, where);
  }

  writes(step: string, text: string, where?: Where): this {
    return this.of("model_chunk", step, { text, tokens: 1 }, where);
  }

  part(step: string, path: string, value: unknown, hash?: string, where?: Where): this {
    return this.of("partial", step, hash === undefined ? { path, value } : { path, value, input_hash: hash }, where);
  }

  spends(step: string, usage: Partial<UsageData>, where?: Where): this {
    const none = { model: "demo", input_tokens: 0, output_tokens: 0, estimated: false };
    return this.of("usage", step, { ...none, ...usage }, where);
  }

  retries(step: string, where?: Where, inMs = 500): this {
    return this.of("step_retry", step, { problem: PROBLEM, next_attempt_in_ms: inMs }, where);
  }

  completes(step: string, result: unknown = null, where?: Where): this {
    return this.of("step_complete", step, { result }, where);
  }

  fails(step: string, where?: Where, problem = PROBLEM): this {
    return this.of("step_error", step, { problem }, where);
  }

  done(result: unknown = "the end"): this {
    return this.say("complete", { result }, { progress: 100 });
  }

  failed(step?: string): this {
    return this.say("error", { problem: PROBLEM, failed_step: step });
  }

  cancelled(): this {
    return this.say("cancelled", { reason: "someone pressed cancel" });
  }
}

export function story(): Story {
  return new Story();
}

/** A run that goes well: two steps, one of them with a second attempt. */
export function goodStory(): Story {
  return story()
    .started("brief", "framework")
    .start("brief")
    .writes("brief", "Once ")
    .writes("brief", "upon")
    .retries("brief")
    .start("brief", { attempt: 2 })
    .writes("brief", "A ", { attempt: 2 })
    .writes("brief", "time", { attempt: 2 })
    .completes("brief", "A time", { attempt: 2, progress: 50 })
    .start("framework")
    .part("framework", "/vision", "Far")
    .completes("framework", { vision: "Far" }, { progress: 100 })
    .done({ vision: "Far" });
}
