/** When what happened, as a picture. */

import { type ReactNode, useMemo, useRef } from "react";
import { RunTimeline } from "../../components/run-timeline.tsx";
import type { LogEvent } from "../../core/contract.ts";
import { foldAll } from "../../core/fold.ts";
import { opening, type RunView } from "../../core/view.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./timeline-tab.module.css";
import type { Log } from "./use-log.ts";

/** Earlier attempts and first tokens are in the log alone. */
export function TimelineTab({ view, log }: { view: RunView; log: Log }): ReactNode {
  const { timeline } = useAppText();
  const told = useTold(view.runId, log.events);
  const last = log.events.at(-1)?.ts ?? view.createdAt ?? 0;
  return (
    <section className={css["timeline"]}>
      <p>{timeline.note}</p>
      <RunTimeline view={log.events.length ? told : view} now={last} />
    </section>
  );
}

/** The view that a log tells. A log that has grown is folded from where it ended, or a long one would stop the page. */
function useTold(runId: string, events: readonly LogEvent[]): RunView {
  const before = useRef({ view: opening(runId), count: 0, first: events[0] });
  return useMemo(() => {
    const { view, count, first } = before.current;
    const same = view.runId === runId && first === events[0] && count <= events.length;
    const told = same ? foldAll(view, events.slice(count)) : foldAll(opening(runId), events);
    before.current = { view: told, count: events.length, first: events[0] };
    return told;
  }, [runId, events]);
}
