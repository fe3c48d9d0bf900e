/** Runs, one in a row, each as it is now. */

import { memo, type ReactNode } from "react";
import { StatusBadge } from "../../components/status-badge.tsx";
import { isActive } from "../../components/step-words.ts";
import { hasEnded, type RunView } from "../../core/view.ts";
import { useText } from "../../text/context.tsx";
import { dateTime, duration, money, nameOf } from "../../text/format.ts";
import { BATCH } from "../batches/wire.ts";
import { Link } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import css from "./runs-table.module.css";

export interface RunsTableProps {
  runs: readonly RunView[];
  chosen: readonly string[];
  onToggle: (runId: string) => void;
}

export function RunsTable({ runs, chosen, onToggle }: RunsTableProps): ReactNode {
  const { list } = useAppText();
  return (
    <table className={css["table"]}>
      <thead>
        <tr>
          <td />
          <th scope="col">{list.run}</th>
          <th scope="col">{list.status}</th>
          <th scope="col">{list.progress}</th>
          <th scope="col">{list.started}</th>
          <th scope="col">{list.duration}</th>
          <th scope="col">{list.cost}</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <Row key={run.runId} run={run} chosen={chosen.includes(run.runId)} onToggle={onToggle} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  run: RunView;
  chosen: boolean;
  onToggle: (runId: string) => void;
}

const Row = memo(function Row({ run, chosen, onToggle }: RowProps): ReactNode {
  const { list } = useAppText();
  const text = useText();
  const pipeline = nameOf(text, run.pipeline);
  const name = run.title ?? pipeline;
  const { createdAt, durationMs, costUsd } = run;
  return (
    <tr data-chosen={chosen || undefined}>
      <td>
        <input
          type="checkbox"
          aria-label={list.select(`${name} ${shortId(run.runId)}`)}
          checked={chosen}
          onChange={() => onToggle(run.runId)}
        />
      </td>
      <th scope="row">
        <Link href={`/${run.pipeline === BATCH ? "batches" : "runs"}/${run.runId}`}>
          <bdi>{name}</bdi>
        </Link>
        <small>
          {run.title === undefined ? null : <span>{pipeline}</span>}
          <span className={css["id"]}>{shortId(run.runId)}</span>
        </small>
      </th>
      <td>
        <StatusBadge status={run.status} />
      </td>
      <td>
        <Progress run={run} />
      </td>
      <td>{createdAt === undefined ? "" : dateTime(text, createdAt)}</td>
      <td>{durationMs === undefined ? "" : duration(text, durationMs)}</td>
      <td>{costUsd === undefined ? "" : money(text, costUsd, run.costComplete)}</td>
    </tr>
  );
});

function Progress({ run }: { run: RunView }): ReactNode {
  const text = useText();
  const ended = hasEnded(run);
  const active = run.steps.filter(isActive).map((step) => step.label);
  const failed = run.status === "error" ? run.problem?.title : undefined;
  return (
    <div className={css["progress"]} data-status={run.status}>
      <span className={css["track"]}>
        <span style={{ scale: `${run.progress / 100} 1` }} />
      </span>
      <span className={css["percent"]}>{text.percent(Math.floor(run.progress))}</span>
      <span className={css["step"]}>{failed ?? (ended ? "" : active.join(", "))}</span>
    </div>
  );
}

/** The end of a UUIDv7 is random; its beginning is the time, and alike for all of a day. */
export function shortId(runId: string): string {
  return runId.slice(-6);
}
