/** Batches, one in a row, each as it is now. */

import { memo, type ReactNode } from "react";
import { StatusBadge } from "../../components/status-badge.tsx";
import { useText } from "../../text/context.tsx";
import { dateTime, duration } from "../../text/format.ts";
import { Link } from "../router.tsx";
import { shortId } from "../runs/runs-table.tsx";
import { useAppText } from "../text/languages.tsx";
import { doneOf, type Summary } from "./batch.ts";
import css from "./batches-table.module.css";
import { Shares } from "./shares.tsx";

export function BatchesTable({ batches }: { batches: readonly Summary[] }): ReactNode {
  const { batches: words } = useAppText();
  return (
    <table className={css["table"]}>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.status}</th>
          <th scope="col">{words.progress}</th>
          <th scope="col">{words.started}</th>
          <th scope="col">{words.duration}</th>
        </tr>
      </thead>
      <tbody>
        {batches.map((batch) => (
          <Row key={batch.batchId} batch={batch} />
        ))}
      </tbody>
    </table>
  );
}

const Row = memo(function Row({ batch }: { batch: Summary }): ReactNode {
  const text = useText();
  const { batches: words } = useAppText();
  const { batchId, name, status, counts, createdAt, durationMs } = batch;
  return (
    <tr>
      <th scope="row">
        <Link href={`/batches/${batchId}`}>
          <bdi>{name || words.one}</bdi>
        </Link>
        <small>{shortId(batchId)}</small>
      </th>
      <td>
        <StatusBadge status={status} />
      </td>
      <td>
        <div className={css["items"]}>
          <Shares counts={counts} />
          <span>
            {counts ? words.of(doneOf(counts, status), counts.total) : words.none}
            {counts?.failed ? <em>{words.someFailed(counts.failed)}</em> : null}
          </span>
        </div>
      </td>
      <td>{createdAt === undefined ? "" : dateTime(text, createdAt)}</td>
      <td>{durationMs === undefined ? "" : duration(text, durationMs)}</td>
    </tr>
  );
});
