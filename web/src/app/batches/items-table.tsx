/** Items that have ended, a page of them at a time: ten thousand rows would be slow, and nobody reads them. */

import { memo, type ReactNode, useDeferredValue, useMemo, useState } from "react";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { StatusBadge } from "../../components/status-badge.tsx";
import { Link } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { CHOICES, type Choice, chosen, type Item, type Items } from "./items.ts";
import css from "./items-table.module.css";

const PAGE = 50;

export interface ItemsTableProps {
  items: Items;
  /** More have ended than are here yet. */
  reading: boolean;
}

export function ItemsTable({ items, reading }: ItemsTableProps): ReactNode {
  const { items: words } = useAppText().batches;
  const [choice, choose] = useState<Choice>("all");
  const [search, look] = useState("");
  const [at, turn] = useState(0);
  // What is typed comes first.
  const wanted = useDeferredValue(search);
  const found = useMemo(() => chosen(items, choice, wanted), [items, choice, wanted]);
  const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
  const page = Math.min(at, last);
  const shown = found.slice(page * PAGE, (page + 1) * PAGE);
  const nothing = reading ? words.reading : items.byKey.size ? words.nothing : words.nothingYet;
  return (
    <section className={css["items"]} aria-label={words.title}>
      <h2>{words.title}</h2>
      <div className={css["sheet"]}>
        <div className={css["tools"]}>
          <label>
            {words.show}
            <select
              value={choice}
              onChange={(event) => {
                choose(event.target.value as Choice);
                turn(0);
              }}
            >
              {CHOICES.map((each) => (
                <option key={each} value={each}>
                  {words.choices[each]}
                </option>
              ))}
            </select>
          </label>
          <input
            type="search"
            placeholder={words.search}
            aria-label={words.search}
            value={search}
            onChange={(event) => {
              look(event.target.value);
              turn(0);
            }}
          />
          <Pages page={page} last={last} total={found.length} onTurn={turn} />
        </div>
        {shown.length ? <Rows items={shown} /> : <p className={css["nothing"]}>{nothing}</p>}
      </div>
    </section>
  );
}

interface PagesProps {
  page: number;
  last: number;
  total: number;
  onTurn: (page: number) => void;
}

function Pages({ page, last, total, onTurn }: PagesProps): ReactNode {
  const { items: words } = useAppText().batches;
  return (
    <div className={css["pages"]}>
      <span>{total ? words.of(page * PAGE + 1, Math.min(total, (page + 1) * PAGE), total) : ""}</span>
      <Button size="small" icon="left" bare disabled={page === 0} onClick={() => onTurn(page - 1)}>
        {words.previous}
      </Button>
      <Button size="small" icon="right" bare disabled={page >= last} onClick={() => onTurn(page + 1)}>
        {words.next}
      </Button>
    </div>
  );
}

function Rows({ items }: { items: readonly Item[] }): ReactNode {
  const { items: words } = useAppText().batches;
  return (
    <table aria-label={words.label}>
      <thead>
        <tr>
          <th scope="col">{words.item}</th>
          <th scope="col">{words.status}</th>
          <th scope="col">{words.what}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Row key={item.key} item={item} />
        ))}
      </tbody>
    </table>
  );
}

const Row = memo(function Row({ item }: { item: Item }): ReactNode {
  const { items: words } = useAppText().batches;
  const { key, runId, status, skipped, problem } = item;
  return (
    <tr>
      <th scope="row">
        {runId === undefined ? (
          <bdi title={words.noRun}>{key}</bdi>
        ) : (
          <Link href={`/runs/${runId}`}>
            <bdi>{key}</bdi>
          </Link>
        )}
      </th>
      <td>
        {skipped ? (
          <Badge tone="neutral" title={words.skippedHint}>
            {words.skipped}
          </Badge>
        ) : (
          <StatusBadge status={status} />
        )}
      </td>
      <td className={css["reason"]}>
        {status === "error" ? (
          <>
            {problem?.title}
            {problem?.detail && problem.detail !== problem.title ? <small>{problem.detail}</small> : null}
          </>
        ) : null}
      </td>
    </tr>
  );
});
