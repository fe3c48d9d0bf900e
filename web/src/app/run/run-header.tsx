/** What a run is: for whom, how it is doing, what it took, and what may be done with it. */

import type { ReactNode } from "react";
import { Button } from "../../components/button.tsx";
import { DemoBadge } from "../../components/demo-badge.tsx";
import { StatusBadge } from "../../components/status-badge.tsx";
import { createReplayStore } from "../../core/replay.ts";
import type { RunView } from "../../core/view.ts";
import { useText } from "../../text/context.tsx";
import { dateTime, duration, money, nameOf, number } from "../../text/format.ts";
import { useGeneration } from "../generation.tsx";
import { Menu } from "../menu.tsx";
import { prefill } from "../new/draft.ts";
import css from "../page-header.module.css";
import { navigate } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import type { Documents } from "./documents.ts";
import { useExports } from "./exports.ts";
import type { Input } from "./run-page.tsx";
import type { Log } from "./use-log.ts";

export interface RunHeaderProps {
  view: RunView;
  title: string;
  input: Input | undefined;
  documents: Documents;
  log: Log;
}

export function RunHeader(props: RunHeaderProps): ReactNode {
  const { view, title } = props;
  const text = useText();
  return (
    <header className={css["header"]}>
      <div className={css["name"]}>
        <p className={css["pipeline"]}>{nameOf(text, view.pipeline)}</p>
        <h1>{title}</h1>
        <div className={css["badges"]}>
          <StatusBadge status={view.status} />
          <DemoBadge models={view.models} />
        </div>
      </div>
      <Actions {...props} />
      <Facts view={view} />
    </header>
  );
}

function Actions({ view, title, input, documents, log }: RunHeaderProps): ReactNode {
  const { run: words } = useAppText();
  const { replay } = useGeneration();
  const exports = useExports(view, title, documents);
  const again = (): void => {
    const values = Object.entries(input ?? {}).map(([name, value]) => [name, String(value)]);
    prefill(view.pipeline, Object.fromEntries(values));
    navigate("/new");
  };
  return (
    <div className={css["actions"]}>
      {view.pipeline === "vision_framework" && input ? (
        <Button size="small" look="quiet" icon="again" onClick={again}>
          {words.again}
        </Button>
      ) : null}
      {log.whole ? (
        <Button size="small" icon="play" onClick={() => replay(createReplayStore({ events: log.events }), title)}>
          {words.replay}
        </Button>
      ) : null}
      <Menu size="small" icon="download" label={words.export} items={exports} />
    </div>
  );
}

function Facts({ view }: { view: RunView }): ReactNode {
  const { run: words } = useAppText();
  const text = useText();
  const facts = [
    [words.started, view.createdAt === undefined ? undefined : dateTime(text, view.createdAt)],
    [words.duration, view.durationMs === undefined ? undefined : duration(text, view.durationMs)],
    [words.cost, view.costUsd === undefined ? undefined : money(text, view.costUsd, view.costComplete)],
    [words.tokens, number(text, view.inputTokens + view.outputTokens)],
    [words.models, view.models.join(", ") || undefined],
  ] as const;
  return (
    <dl className={css["facts"]}>
      {facts.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
