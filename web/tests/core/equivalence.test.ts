import { describe, expect, test } from "vitest";
import { fold, foldAll } from "../../src/core/fold.ts";
import { fromSnapshot } from "../../src/core/snapshot.ts";
import { opening, type RunView } from "../../src/core/view.ts";
import { lasting, short, toSnapshot } from "../shape.ts";
import { names, shots, transcript } from "../transcripts.ts";

/** Text of lanes side by side is joined in another order there: what counts is each lane's own. */
function comparable(run: Record<string, unknown>): unknown {
  const steps = (run["steps"] as Record<string, unknown>[]).map(({ text, checkpoints, ...step }) => {
    const kept = checkpoints ? { ...step, checkpoints: (checkpoints as string[]).toSorted() } : step;
    return step["lanes"] ? kept : { ...kept, text };
  });
  return { ...run, steps };
}

describe.each(names)("the run %s", (name) => {
  const events = transcript(name);

  test("is folded as Python folds it, at every recorded position", () => {
    let view = opening(events[0]?.run_id ?? "");
    let at = 0;
    for (const shot of shots(name)) {
      view = foldAll(view, events.slice(at, shot.at));
      at = shot.at;
      const ours = short(toSnapshot(view)) as Record<string, unknown>;
      expect(comparable(ours), `after event ${at}`).toEqual(comparable(shot.run));
    }
    expect(at).toBe(events.length);
  });

  /** From a snapshot at any event; between two words of a text only at some, which takes long enough. */
  test("goes on from a snapshot as if there had been none", () => {
    const whole: RunView[] = [opening(events[0]?.run_id ?? "")];
    for (const event of events) whole.push(fold(whole.at(-1) as RunView, event));
    const seams = events.flatMap(({ type }, at) => (type === "model_chunk" && at % 97 ? [] : [at]));
    for (const [number, at] of seams.entries()) {
      let seen = fromSnapshot(toSnapshot(whole[at] as RunView));
      let reached = at;
      // Looked at until what was going on at the seam is over; of some seams to the end of the run.
      const end = number % 7 ? [] : [events.length];
      for (const next of [...seams.slice(number, number + 6), ...end]) {
        seen = foldAll(seen, events.slice(reached, next));
        reached = next;
        expect(lasting(seen), `from event ${at}, at ${next}`).toEqual(lasting(whole[next] as RunView));
      }
    }
  });
});
