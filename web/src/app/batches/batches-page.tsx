/** `/batches`: where many runs are started at once, and how those do that were. */

import type { ReactNode } from "react";
import { Button } from "../../components/button.tsx";
import { ConnectionNotice } from "../../components/connection-notice.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import { Content } from "../content.tsx";
import { useAppText } from "../text/languages.tsx";
import { useTitle } from "../title.ts";
import css from "./batches-page.module.css";
import { BatchesTable } from "./batches-table.tsx";
import { Sample } from "./sample.tsx";
import { Start } from "./start.tsx";
import { useBatches } from "./use-batches.ts";
import { useFile } from "./use-file.ts";

export function BatchesPage(): ReactNode {
  const { batches: words, loading, retry } = useAppText();
  useTitle(words.title);
  const list = useBatches();
  const { chosen, reading, fault, choose, give, clear } = useFile();
  return (
    <Content className={css["page"]}>
      <header className={css["head"]}>
        <h1>{words.title}</h1>
        <p>{words.lead}</p>
      </header>
      <Start chosen={chosen} onChoose={choose} onClear={clear} reading={reading} fault={fault} />
      {list.loaded ? <ConnectionNotice connection={list.connection} onReconnect={list.reconnect} /> : null}
      {list.problem ? (
        <ProblemPanel problem={list.problem}>
          <Button onClick={list.loaded ? () => void list.loadMore() : list.reconnect}>{retry}</Button>
        </ProblemPanel>
      ) : null}
      {list.loaded || list.problem ? null : (
        <p className={css["loading"]} role="status">
          {loading}
        </p>
      )}
      {list.batches.length ? <BatchesTable batches={list.batches} /> : null}
      {list.more ? (
        <div className={css["more"]}>
          <Button onClick={() => void list.loadMore()} disabled={list.loadingMore}>
            {list.loadingMore ? loading : words.older}
          </Button>
        </div>
      ) : null}
      {list.loaded && !list.batches.length && !chosen ? <Sample onUse={give} /> : null}
    </Content>
  );
}
