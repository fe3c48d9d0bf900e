/** When what happened, as a picture. */

import { type ReactNode, useMemo } from "react";
import { RunTimeline } from "../../components/run-timeline.tsx";
import { foldAll } from "../../core/fold.ts";
import { opening, type RunView } from "../../core/view.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./timeline-tab.module.css";
import type { Log } from "./use-log.ts";

/** Earlier attempts and first tokens are in the log alone. */
export function TimelineTab({ view, log }: { view: RunView; log: Log }): ReactNode {
  const { timeline } = useAppText();
  const told = useMemo(() => foldAll(opening(view.runId), log.events), [view.runId, log.events]);
  const last = log.events.at(-1)?.ts ?? view.createdAt ?? 0;
  return (
    <section className={css["timeline"]}>
      <p>{timeline.note}</p>
      <RunTimeline view={log.events.length ? told : view} now={last} />
    </section>
  );
}
