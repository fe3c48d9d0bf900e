/** The parts of a run, one at a time. */

import type { ReactNode } from "react";
import { Markdown } from "../../components/markdown/markdown.tsx";
import { Outline } from "../../components/outline.tsx";
import { hasEnded, type RunView } from "../../core/view.ts";
import type { Document } from "../../react/use-document.ts";
import type { RunRef } from "../../react/use-run.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import type { Documents } from "./documents.ts";
import { EventsTab } from "./events-tab.tsx";
import { FrameworkTab } from "./framework-tab.tsx";
import { Notice } from "./notice.tsx";
import { QaTab } from "./qa-tab.tsx";
import css from "./run-tabs.module.css";
import { sayBasis } from "./say-version.ts";
import { ScoresTab } from "./scores-tab.tsx";
import { type Tab, Tabs } from "./tabs.tsx";
import { TimelineTab } from "./timeline-tab.tsx";
import type { Log } from "./use-log.ts";

export interface RunTabsProps {
  run: RunRef;
  view: RunView;
  documents: Documents;
  document: Document;
  log: Log;
}

export function RunTabs(props: RunTabsProps): ReactNode {
  const { run: words } = useAppText();
  const { view, log } = props;
  const name = (tab: keyof typeof words.tabs, content: () => ReactNode): Tab => ({
    name: tab,
    label: words.tabs[tab],
    content,
  });
  const common = [
    name("timeline", () => <TimelineTab view={view} log={log} />),
    name("events", () => <EventsTab log={log} />),
  ];
  const own =
    view.pipeline === "vision_framework"
      ? ownTabs(props).map(([tab, content]) => name(tab, content))
      : [name("result", () => <Result view={view} />)];
  return <Tabs label={words.tabsLabel} tabs={[...own, ...common]} />;
}

type TabName = "framework" | "one_pager" | "brief" | "qa" | "scores";

function ownTabs({ view, documents, document }: RunTabsProps): [TabName, () => ReactNode][] {
  const { framework, scores, onePager, words, quality } = documents;
  const ended = hasEnded(view);
  const missing = <Missing ended={ended} />;
  const ofRun = (content: ReactNode): ReactNode => <OfRun documents={documents}>{content}</OfRun>;
  const has = (there: unknown, content: ReactNode): ReactNode => (there ? content : missing);
  return [
    ["framework", () => has(framework, <FrameworkTab runId={view.runId} documents={documents} document={document} />)],
    ["one_pager", () => has(onePager, ofRun(<Sheet text={onePager ?? ""} words={words} />))],
    ["brief", () => has(documents.founderBrief, <Briefs documents={documents} />)],
    ["qa", () => (quality ? ofRun(<QaTab report={quality} />) : missing)],
    [
      "scores",
      () =>
        has(
          documents.present ?? Object.keys(scores).length,
          <ScoresTab scores={scores} edited={Boolean(documents.present)} />,
        ),
    ],
  ];
}

/** What is about the framework as the run wrote it, which may be another one by now. */
function OfRun({ documents, children }: { documents: Documents; children: ReactNode }): ReactNode {
  const app = useAppText();
  return (
    <>
      {sayBasis(app, documents).map((note) => (
        <Notice key={note} words={note} />
      ))}
      {children}
    </>
  );
}

function Missing({ ended }: { ended: boolean }): ReactNode {
  const { run: words } = useAppText();
  return <p className={css["missing"]}>{ended ? words.noResult : words.nothingYet}</p>;
}

function Sheet({ text, words }: { text: string; words: number | undefined }): ReactNode {
  const { run } = useAppText();
  return (
    <article className={css["sheet"]}>
      <Markdown text={text} level={1} />
      {words === undefined ? null : <p className={css["words"]}>{run.words(words)}</p>}
    </article>
  );
}

function Briefs({ documents: { founderBrief, investorSummary } }: Pick<RunTabsProps, "documents">): ReactNode {
  const text = useText();
  const briefs = { founder_brief: founderBrief, investor_summary: investorSummary };
  return (
    <div className={css["briefs"]}>
      {Object.entries(briefs).map(([name, brief]) =>
        brief === undefined ? null : (
          <article key={name} className={css["sheet"]}>
            <h2>{nameOf(text, name)}</h2>
            <Markdown text={brief} level={2} />
          </article>
        ),
      )}
    </div>
  );
}

function Result({ view }: { view: RunView }): ReactNode {
  if (view.result === undefined) return <Missing ended={hasEnded(view)} />;
  return (
    <article className={css["sheet"]}>
      <Outline value={view.result} />
    </article>
  );
}
