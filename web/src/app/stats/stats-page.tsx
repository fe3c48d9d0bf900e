/** `/stats`: how it has been going, for those who run it and those who pay for it. */

import type { ReactNode } from "react";
import { Button, buttonClass } from "../../components/button.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import type { Stats } from "../../core/stats.ts";
import { useText } from "../../text/context.tsx";
import { dateTime } from "../../text/format.ts";
import { Content } from "../content.tsx";
import { Link, navigate, usePlace, withQuery } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { useTitle } from "../title.ts";
import { Alerts } from "./alerts.tsx";
import { Facts } from "./facts.tsx";
import { Failures } from "./failures.tsx";
import { Shares } from "./shares.tsx";
import css from "./stats-page.module.css";
import { StepTable } from "./step-table.tsx";
import { UsageFigure } from "./usage-figure.tsx";
import { useStats } from "./use-stats.ts";

const PERIODS = [1, 7, 30, 90];
const DAYS = 7;

export function StatsPage(): ReactNode {
  const { query } = usePlace();
  const { stats: words, loading, retry } = useAppText();
  useTitle(words.title);
  const days = daysIn(query);
  const { stats, problem, retry: again } = useStats(days);
  return (
    <Content className={css["page"]} aria-busy={stats?.days !== days && !problem}>
      <header className={css["head"]}>
        <div>
          <h1>{words.title}</h1>
          <p>{words.lead(stats?.days ?? days)}</p>
        </div>
        <Period query={query} days={days} />
      </header>
      {problem ? (
        <ProblemPanel problem={problem}>
          <Button onClick={again}>{retry}</Button>
        </ProblemPanel>
      ) : null}
      {stats ? <Figures stats={stats} /> : null}
      {stats || problem ? null : (
        <p className={css["loading"]} role="status">
          {loading}
        </p>
      )}
    </Content>
  );
}

function daysIn(query: URLSearchParams): number {
  const asked = Number(query.get("days") ?? DAYS);
  return Number.isInteger(asked) && asked >= 1 && asked <= 90 ? asked : DAYS;
}

function Period({ query, days }: { query: URLSearchParams; days: number }): ReactNode {
  const { stats: words } = useAppText();
  // What the address names is shown as chosen, also where it is none of ours.
  const periods = PERIODS.includes(days) ? PERIODS : [...PERIODS, days].sort((one, other) => one - other);
  return (
    <label className={css["period"]}>
      {words.period}
      <select
        value={days}
        onChange={(event) => navigate(withQuery(query, { days: event.target.value }), { replace: true })}
      >
        {periods.map((each) => (
          <option key={each} value={each}>
            {words.periods[each] ?? words.days(each)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Figures({ stats }: { stats: Stats }): ReactNode {
  const { stats: words } = useAppText();
  const text = useText();
  return (
    <>
      <Alerts alerts={stats.alerts} now={stats.generated_at} />
      <Facts stats={stats} />
      {stats.runs.total ? (
        <>
          <UsageFigure usage={stats.usage} />
          <div className={css["pair"]}>
            <Shares title={words.runs.byStatus} counts={stats.runs.by_status} names={text.runStatus} />
            <Shares title={words.runs.byPipeline} counts={stats.runs.by_pipeline} />
          </div>
          <StepTable steps={stats.steps} />
          <Failures failures={stats.failures} />
        </>
      ) : (
        <Empty days={stats.days} />
      )}
      <p className={css["asOf"]}>{words.asOf(dateTime(text, stats.generated_at))}</p>
    </>
  );
}

function Empty({ days }: { days: number }): ReactNode {
  const { stats: words } = useAppText();
  return (
    <div className={css["empty"]}>
      <p>{words.empty}</p>
      <p className={css["emptyWays"]}>
        <Link className={buttonClass({ look: "primary" })} href="/new">
          {words.first}
        </Link>
        {days < 90 ? (
          <Link className={buttonClass({})} href="/stats?days=90">
            {words.longer}
          </Link>
        ) : null}
      </p>
    </div>
  );
}
