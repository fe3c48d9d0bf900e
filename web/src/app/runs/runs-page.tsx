/** `/runs`: everything that was started, as it goes on; two of them may be compared. */

import { type ReactNode, useState } from "react";
import { Button, buttonClass } from "../../components/button.tsx";
import { ConnectionNotice } from "../../components/connection-notice.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import type { RunStatus } from "../../core/view.ts";
import { type Runs, useRuns } from "../../react/use-runs.ts";
import { Content } from "../content.tsx";
import { Link, navigate, usePlace, withQuery } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { useTitle } from "../title.ts";
import { Compare } from "./compare.tsx";
import { Filters } from "./filters.tsx";
import css from "./runs-page.module.css";
import { RunsTable } from "./runs-table.tsx";

export function RunsPage(): ReactNode {
  const { query } = usePlace();
  const { list } = useAppText();
  useTitle(list.title);
  const [one, other] = (query.get("compare") ?? "").split(",");
  if (one && other) return <Compare one={one} other={other} />;
  return <List query={query} />;
}

function List({ query }: { query: URLSearchParams }): ReactNode {
  const { list, loading } = useAppText();
  const status = (query.get("status") ?? undefined) as RunStatus | undefined;
  const pipeline = query.get("pipeline") ?? undefined;
  const runs = useRuns({ status, pipeline });
  const [chosen, choose] = useState<readonly string[]>([]);
  const filtered = status !== undefined || pipeline !== undefined;
  const toggle = (runId: string): void =>
    // Of three the oldest choice goes.
    choose((now) => (now.includes(runId) ? now.filter((each) => each !== runId) : [...now, runId].slice(-2)));
  return (
    <Content className={css["page"]}>
      <header className={css["head"]}>
        <div>
          <h1>{list.title}</h1>
          <p>{list.lead}</p>
        </div>
        <CompareButton chosen={chosen} />
      </header>
      <Filters query={query} status={status} pipeline={pipeline} />
      <ConnectionNotice connection={runs.connection} onReconnect={runs.reconnect} />
      {runs.problem ? <ProblemPanel problem={runs.problem} /> : null}
      {runs.loaded ? null : runs.problem ? null : <p role="status">{loading}</p>}
      {runs.runs.length ? <RunsTable runs={runs.runs} chosen={chosen} onToggle={toggle} /> : null}
      <Rest runs={runs} filtered={filtered} />
    </Content>
  );
}

function CompareButton({ chosen }: { chosen: readonly string[] }): ReactNode {
  const { list } = useAppText();
  return (
    <div className={css["compare"]}>
      <span aria-live="polite">{chosen.length === 2 ? "" : list.compareHint(chosen.length)}</span>
      <Button
        look={chosen.length === 2 ? "primary" : "plain"}
        disabled={chosen.length !== 2}
        onClick={() => navigate(`/runs?compare=${chosen.join(",")}`)}
      >
        {list.compare}
      </Button>
    </div>
  );
}

function Rest({ runs, filtered }: { runs: Runs; filtered: boolean }): ReactNode {
  const { list } = useAppText();
  const { query } = usePlace();
  if (runs.loaded && !runs.runs.length) {
    return (
      <div className={css["empty"]}>
        <p>{filtered ? list.emptyFiltered : list.empty}</p>
        {filtered ? (
          <Button onClick={() => navigate(withQuery(query, { status: undefined, pipeline: undefined }))}>
            {list.clear}
          </Button>
        ) : (
          <Link className={buttonClass({ look: "primary" })} href="/new">
            {list.first}
          </Link>
        )}
      </div>
    );
  }
  if (!runs.more) return null;
  return (
    <div className={css["more"]}>
      <Button onClick={() => void runs.loadMore()}>{list.more}</Button>
    </div>
  );
}
