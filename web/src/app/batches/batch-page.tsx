/** `/batches/:id`: how a batch does, what failed in it, and each of its items. */

import type { ReactNode } from "react";
import { Button } from "../../components/button.tsx";
import { ConnectionNotice } from "../../components/connection-notice.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import type { Problem } from "../../core/contract.ts";
import { Content } from "../content.tsx";
import { Link } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { useTitle } from "../title.ts";
import type { Batch } from "./batch.ts";
import { BatchHeader } from "./batch-header.tsx";
import css from "./batch-page.module.css";
import { BatchProgress } from "./batch-progress.tsx";
import { BatchRelatives } from "./batch-relatives.tsx";
import { BatchSaid } from "./batch-said.tsx";
import type { BatchState, BatchStore } from "./batch-store.ts";
import { Failures } from "./failures.tsx";
import { ItemsTable } from "./items-table.tsx";
import { UnderWay } from "./under-way.tsx";
import { useBatch } from "./use-batches.ts";

export function BatchPage({ batchId }: { batchId: string }): ReactNode {
  const { batches: words, loading, retry } = useAppText();
  const { store, batch, ...rest } = useBatch(batchId);
  useTitle(batch?.name ?? words.one);
  if (batch) return <Loaded batch={batch} store={store} {...rest} />;
  const { connection } = rest;
  return (
    <Content className={css["page"]}>
      {connection.status === "failed" ? (
        <>
          <h1>{words.one}</h1>
          <ProblemPanel problem={told(words.page, connection.problem)}>
            <Button onClick={store.reconnect}>{retry}</Button>
          </ProblemPanel>
          <p className={css["back"]}>
            <Link href="/batches">{words.list}</Link>
          </p>
        </>
      ) : (
        <>
          <ConnectionNotice connection={connection} onReconnect={store.reconnect} />
          <p role="status">{loading}</p>
        </>
      )}
    </Content>
  );
}

function told(words: { goneTitle: string; goneText: string }, problem: Problem): Problem {
  const gone = /\/unknown-(batch|run)$/.test(problem.type);
  return gone ? { ...problem, title: words.goneTitle, detail: words.goneText } : problem;
}

interface LoadedProps extends Omit<BatchState, "batch"> {
  batch: Batch;
  store: BatchStore;
}

function Loaded({ batch, items, reading, connection, store }: LoadedProps): ReactNode {
  return (
    <Content className={css["page"]}>
      <BatchHeader batch={batch} store={store} />
      <BatchRelatives forkedFrom={batch.forkedFrom} forks={batch.forks} />
      <ConnectionNotice connection={connection} onReconnect={store.reconnect} />
      <BatchProgress batch={batch} store={store} />
      <BatchSaid batch={batch} />
      {batch.status === "error" && batch.problem ? <ProblemPanel problem={batch.problem} /> : null}
      {/* One comes where the other was. */}
      <Failures batch={batch} items={items} />
      <UnderWay batch={batch} />
      <ItemsTable items={items} reading={reading} />
    </Content>
  );
}
