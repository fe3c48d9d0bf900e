/** The controls of a run that is played again. */

import type { ReactNode } from "react";
import type { ReplayState, ReplayStore } from "../core/replay.ts";
import type { RunRef } from "../react/use-run.ts";
import { useStore } from "../react/use-store.ts";
import { useText } from "../text/context.tsx";
import { duration } from "../text/format.ts";
import { Button } from "./button.tsx";
import css from "./replay-bar.module.css";
import { RunBoundary } from "./run-boundary.tsx";

/** How far an arrow key moves it. */
const STEP_MS = 100;
export const SPEEDS = [1, 4, 16] as const;

export function isReplay(run: RunRef): run is ReplayStore {
  return typeof run === "object" && "seek" in run;
}

export function ReplayBar({ replay }: { replay: ReplayStore }): ReactNode {
  return (
    <RunBoundary runId={replay.runId}>
      <Bar replay={replay} />
    </RunBoundary>
  );
}

function Bar({ replay }: { replay: ReplayStore }): ReactNode {
  const text = useText();
  const { playing, positionMs, lengthMs } = useStore<ReplayState, ReplayState>(replay, whole);
  const at = duration(text, positionMs, true);
  const length = duration(text, lengthMs, true);
  return (
    <section className={css["bar"]} aria-label={text.replay.label}>
      <Button size="small" icon={playing ? "pause" : "play"} bare onClick={playing ? replay.pause : replay.play}>
        {playing ? text.replay.pause : text.replay.play}
      </Button>
      <input
        type="range"
        aria-label={text.replay.position}
        aria-valuetext={text.replay.of(at, length)}
        min={0}
        max={Math.ceil(lengthMs / STEP_MS) * STEP_MS}
        step={STEP_MS}
        value={positionMs}
        onChange={(event) => replay.seek(Number(event.target.value))}
      />
      <span className={css["time"]}>{text.replay.of(at, length)}</span>
      <Speeds replay={replay} />
      <Button size="small" look="quiet" icon="end" bare onClick={() => replay.seek(lengthMs)}>
        {text.replay.jump}
      </Button>
    </section>
  );
}

function Speeds({ replay }: { replay: ReplayStore }): ReactNode {
  const text = useText();
  const speed = useStore<ReplayState, number>(replay, (state) => state.speed);
  return (
    <fieldset className={css["speeds"]} aria-label={text.replay.speeds}>
      {SPEEDS.map((each) => (
        <button key={each} type="button" aria-pressed={speed === each} onClick={() => replay.setSpeed(each)}>
          {text.replay.speed(each)}
        </button>
      ))}
    </fieldset>
  );
}

function whole(state: ReplayState): ReplayState {
  return state;
}
