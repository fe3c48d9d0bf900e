/** `/runs`: everything that was started, as it goes on; two of them may be compared. */

import { type ReactNode, useCallback, useState } from "react";
import { Button, buttonClass } from "../../components/button.tsx";
import { ConnectionNotice } from "../../components/connection-notice.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import type { RunStatus } from "../../core/view.ts";
import { useRuns } from "../../react/use-runs.ts";
import { Content } from "../content.tsx";
import { Link, navigate, usePlace } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { useTitle } from "../title.ts";
import { Compare } from "./compare.tsx";
import { ALL, Filters, STATUSES } from "./filters.tsx";
import { useRowsShown } from "./rows-shown.ts";
import css from "./runs-page.module.css";
import { RunsTable } from "./runs-table.tsx";

export function RunsPage(): ReactNode {
  const { query } = usePlace();
  const { list } = useAppText();
  useTitle(list.title);
  const [one, other] = (query.get("compare") ?? "").split(",");
  if (one && other) return <Compare one={one} other={other} />;
  // Another choice is another list: nothing of where one was in the last one holds.
  return <List key={`${query.get("status")} ${query.get("pipeline")}`} query={query} />;
}

/** What a refinement made is with the run that it is about. */
const REFINE = "refine";

function List({ query }: { query: URLSearchParams }): ReactNode {
  const { list, loading, retry } = useAppText();
  const { status, pipeline } = wantedIn(query);
  const runs = useRuns({
    status,
    pipeline: pipeline === ALL ? undefined : pipeline,
    without: pipeline ? undefined : REFINE,
  });
  const { rows, ...rest } = useRowsShown(runs);
  const [chosen, choose] = useState<readonly string[]>([]);
  const toggle = useCallback(
    // Of three the oldest choice goes.
    (runId: string): void =>
      choose((now) => (now.includes(runId) ? now.filter((each) => each !== runId) : [...now, runId].slice(-2))),
    [],
  );
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
      {runs.loaded ? <ConnectionNotice connection={runs.connection} onReconnect={runs.reconnect} /> : null}
      {runs.problem ? (
        <ProblemPanel problem={runs.problem}>
          <Button onClick={runs.loaded ? () => void runs.loadMore() : runs.reconnect}>{retry}</Button>
        </ProblemPanel>
      ) : null}
      {runs.loaded || runs.problem ? null : (
        <p className={css["loading"]} role="status">
          {loading}
        </p>
      )}
      {rest.newer ? <Way onGo={rest.newer}>{list.newer}</Way> : null}
      {rows.length ? <RunsTable runs={rows} chosen={chosen} onToggle={toggle} /> : null}
      {rest.older ? (
        <Way onGo={rest.older} waiting={runs.loadingMore}>
          {runs.loadingMore ? loading : list.more}
        </Way>
      ) : null}
      {runs.loaded && !runs.runs.length ? <Empty filtered={query.size > 0} /> : null}
    </Content>
  );
}

/** What the address asks for; what is no status is no wish. */
function wantedIn(query: URLSearchParams): { status: RunStatus | undefined; pipeline: string | undefined } {
  const status = STATUSES.find((each) => each === query.get("status"));
  return { status, pipeline: query.get("pipeline") || undefined };
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

function Way({ onGo, waiting = false, children }: WayProps): ReactNode {
  return (
    <div className={css["more"]}>
      <Button onClick={onGo} disabled={waiting}>
        {children}
      </Button>
    </div>
  );
}

interface WayProps {
  onGo: () => void;
  waiting?: boolean;
  children: ReactNode;
}

function Empty({ filtered }: { filtered: boolean }): ReactNode {
  const { list } = useAppText();
  return (
    <div className={css["empty"]}>
      <p>{filtered ? list.emptyFiltered : list.empty}</p>
      {filtered ? (
        <Button onClick={() => navigate("/runs")}>{list.clear}</Button>
      ) : (
        <Link className={buttonClass({ look: "primary" })} href="/new">
          {list.first}
        </Link>
      )}
    </div>
  );
}
