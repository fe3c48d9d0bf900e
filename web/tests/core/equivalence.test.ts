import { describe, expect, test } from "vitest";
import { fold, foldAll } from "../../src/core/fold.ts";
import { fromSnapshot } from "../../src/core/snapshot.ts";
import { opening, type RunView } from "../../src/core/view.ts";
import { lasting, short, toSnapshot } from "../shape.ts";
import { names, shots, transcript } from "../transcripts.ts";

/** Text of lanes side by side is joined in another order there: what counts is each lane's own. */
function comparable(run: Record<string, unknown>): unknown {
  const steps = (run["steps"] as Record<string, unknown>[]).map(({ text, checkpoints: _, ...step }) =>
    step["lanes"] ? step : { ...step, text },
  );
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

  test("goes on from a snapshot as if there had been none", () => {
    const whole: RunView[] = [opening(events[0]?.run_id ?? "")];
    for (const event of events) whole.push(fold(whole.at(-1) as RunView, event));
    const end = lasting(whole.at(-1) as RunView);
    const step = Math.ceil(events.length / 60);
    for (let at = 1; at < events.length; at += step) {
      const seen = fromSnapshot(toSnapshot(whole[at] as RunView));
      expect(lasting(seen), `at event ${at}`).toEqual(lasting(whole[at] as RunView));
      expect(lasting(foldAll(seen, events.slice(at))), `from event ${at}`).toEqual(end);
    }
  });
});
