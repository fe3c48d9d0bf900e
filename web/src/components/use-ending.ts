/** What happens when a run ends, or asks something, under somebody's eyes or behind their back. */

import { useEffect, useRef, useState } from "react";
import { hasEnded, type RunView } from "../core/view.ts";
import { type RunRef, useRun, useRunSource } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { chime, notify } from "./attention.ts";
import { preferences } from "./preferences.ts";

/** Longer ago than this, nobody saw it: the log was only caught up with. */
const JUST_NOW_MS = 5000;

/** Calls `onEnd` once, for a run that was seen going and has ended now; never for one that had ended before. */
export function useEnding(run: RunRef, onEnd: (view: RunView) => void): void {
  const source = useRunSource(run);
  const view = useRun(run, (state) => state.view);
  const going = useRef(false);
  const latest = useRef(onEnd);
  useEffect(() => {
    latest.current = onEnd;
  }, [onEnd]);
  useEffect(() => {
    const ended = hasEnded(view);
    const justNow = source.now() - (view.endedAt ?? 0) < JUST_NOW_MS;
    if (ended && going.current && justNow) latest.current(view);
    going.current = !ended;
  }, [source, view]);
}

/** Calls `onAsked` for every question that comes while the run is seen, and for none that was there before. */
function useAsked(run: RunRef, onAsked: (view: RunView) => void): void {
  const view = useRun(run, (state) => state.view);
  const before = useRef<RunView>(undefined);
  const latest = useRef(onAsked);
  useEffect(() => {
    latest.current = onAsked;
  }, [onAsked]);
  useEffect(() => {
    // What is caught up with when a run is opened is no news.
    const known = before.current?.lastSeq ? before.current.asked : view.asked;
    before.current = view;
    const fresh = view.asked.some(({ input_id: id }) => !known.some((each) => each.input_id === id));
    if (fresh) latest.current(view);
  }, [view]);
}

/** A sound and a notification for who is elsewhere, as far as they want them. Not where another one `calls` already. */
export function useCallBack(run: RunRef, title: string, calls = true): void {
  const text = useText();
  const callBack = ({ status }: RunView): void => {
    if (!calls || document.visibilityState !== "hidden") return;
    const { sound, notify: wanted } = preferences();
    if (sound) chime(status !== "error" && status !== "cancelled");
    if (wanted) notify(text.said.notification(title, text.runStatus[status]));
  };
  useEnding(run, callBack);
  useAsked(run, callBack);
}

const COUNTDOWN_S = 4;

export interface Countdown {
  /** Seconds that are left, while it runs. */
  readonly left: number | undefined;
  stop(): void;
}

/** After the run is complete, `onOpen` in a few seconds, unless somebody stops it or does not want it. */
export function useCountdown(run: RunRef, wanted: boolean, onOpen: (() => void) | undefined): Countdown {
  const [left, setLeft] = useState<number>();
  const latest = useRef(onOpen);
  useEffect(() => {
    latest.current = onOpen;
  }, [onOpen]);
  useEnding(run, ({ status }) => {
    if (status === "complete" && wanted && latest.current) setLeft(COUNTDOWN_S);
  });
  useEffect(() => {
    if (left === undefined) return;
    const timer = setTimeout(() => {
      setLeft(left > 1 ? left - 1 : undefined);
      if (left === 1) latest.current?.();
    }, 1000);
    return () => clearTimeout(timer);
  }, [left]);
  return { left: wanted ? left : undefined, stop: () => setLeft(undefined) };
}
