/** The log itself, page by page. */

import { type ReactNode, useMemo, useState } from "react";
import { Button } from "../../components/button.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import type { LogEvent } from "../../core/contract.ts";
import { useAppText } from "../text/languages.tsx";
import { EventRow } from "./event-row.tsx";
import css from "./events-tab.module.css";
import type { Log } from "./use-log.ts";

const PAGE = 100;
type Filter = "important" | "all";

export function EventsTab({ log }: { log: Log }): ReactNode {
  const { events: words, loading } = useAppText();
  const [filter, setFilter] = useState<Filter>("important");
  const [page, setPage] = useState(0);
  const { events, problem } = log;
  const kept = useMemo(
    () => (filter === "all" ? events : events.filter((event) => event.type !== "model_chunk")),
    [events, filter],
  );
  const shown = kept.slice(page * PAGE, (page + 1) * PAGE);
  const choose = (next: Filter): void => {
    setFilter(next);
    setPage(0);
  };
  if (problem && !events.length) return <ProblemPanel problem={problem} />;
  if (!events.length) return <p role="status">{loading}</p>;
  return (
    <section className={css["events"]} aria-label={words.label}>
      <div className={css["tools"]}>
        <label>
          {words.filter}
          <select value={filter} onChange={(event) => choose(event.target.value as Filter)}>
            <option value="important">{words.important}</option>
            <option value="all">{words.all}</option>
          </select>
        </label>
        <Pages page={page} total={kept.length} onPage={setPage} />
      </div>
      <ol className={css["list"]}>
        {shown.map((event) => (
          <EventRow key={event.seq} event={event} since={startOf(events)} />
        ))}
      </ol>
    </section>
  );
}

function startOf(events: readonly LogEvent[]): number {
  return events[0]?.ts ?? 0;
}

function Pages({ page, total, onPage }: { page: number; total: number; onPage: (page: number) => void }): ReactNode {
  const { events: words } = useAppText();
  const last = Math.max(0, Math.ceil(total / PAGE) - 1);
  return (
    <div className={css["pages"]}>
      <span>{words.of(page * PAGE + 1, Math.min(total, (page + 1) * PAGE), total)}</span>
      <Button size="small" icon="left" bare disabled={page === 0} onClick={() => onPage(page - 1)}>
        {words.older}
      </Button>
      <Button size="small" icon="right" bare disabled={page >= last} onClick={() => onPage(page + 1)}>
        {words.newer}
      </Button>
    </div>
  );
}
