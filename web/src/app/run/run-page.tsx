/** `/runs/:id`: what a run makes and has made. */

import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "../../components/button.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import { Questions } from "../../components/questions.tsx";
import { RetryRun, useKept } from "../../components/retry-run.tsx";
import { RunStatusBar } from "../../components/run-status-bar.tsx";
import { Unseen } from "../../components/unseen.tsx";
import type { LogEvent } from "../../core/contract.ts";
import { hasEnded, type RunView } from "../../core/view.ts";
import { useDocument } from "../../react/use-document.ts";
import { type RunRef, useRun } from "../../react/use-run.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { PartOf } from "../batches/part-of.tsx";
import { BATCH } from "../batches/wire.ts";
import { Content } from "../content.tsx";
import { useGeneration } from "../generation.tsx";
import { navigate, usePlace } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { useTitle } from "../title.ts";
import { authorName } from "./author.ts";
import { AuthorDialog } from "./author-dialog.tsx";
import { documentsOf } from "./documents.ts";
import { Notice } from "./notice.tsx";
import { PrintedRun } from "./printed-run.tsx";
import { Relatives } from "./relatives.tsx";
import { RunHeader } from "./run-header.tsx";
import css from "./run-page.module.css";
import { RunTabs } from "./run-tabs.tsx";
import { sameButText } from "./same-but-text.ts";
import { isGone, useGone } from "./use-gone.ts";
import { useLoadedRun } from "./use-loaded-run.ts";
import { useLog } from "./use-log.ts";

export type Input = Readonly<Record<string, unknown>>;

export function RunPage({ runId }: { runId: string }): ReactNode {
  const { run: words, loading, retry } = useAppText();
  const { run, pipeline, input, forks, about, problem, retry: again } = useLoadedRun(runId);
  useTitle(words.untitled);
  if (pipeline === BATCH) return <ToBatch batchId={runId} />;
  if (run !== undefined) return <Loaded run={run} input={input} forks={forks} about={about} />;
  return (
    <Content className={css["page"]}>
      {problem ? (
        <>
          <h1>{words.untitled}</h1>
          <ProblemPanel
            problem={isGone(problem) ? { ...problem, title: words.goneTitle, detail: words.goneText } : problem}
          >
            <Button onClick={again}>{retry}</Button>
          </ProblemPanel>
        </>
      ) : (
        <p role="status">{loading}</p>
      )}
    </Content>
  );
}

/** A batch is a run, and has a page of its own. */
function ToBatch({ batchId }: { batchId: string }): ReactNode {
  useEffect(() => navigate(`/batches/${batchId}`, { replace: true }), [batchId]);
  return <Content />;
}

export interface LoadedProps {
  run: RunRef;
  input: Input | undefined;
  /** The runs that do it again. */
  forks?: readonly string[];
  /** The run that it is a part of, or works on. */
  about?: string | undefined;
  /** The log, where it is at hand. */
  events?: readonly LogEvent[];
}

const NONE: readonly string[] = [];
/** Those that show what is in the log alone. */
const LOG_TABS = ["timeline", "events"];

export function Loaded({ run, input, forks = NONE, about, events }: LoadedProps): ReactNode {
  const text = useText();
  const { run: words } = useAppText();
  const view = useRun(run, (state) => state.view, sameButText);
  const log = useLog(view.runId, useLogWanted(view), events);
  const title = titleOf(input, view.title ?? nameOf(text, view.pipeline || words.untitled));
  const worked = workedOn(view, events);
  const document = useDocument(worked, { author: authorName });
  const gone = useGone(view, worked === undefined && events === undefined);
  const removed = gone || (document.problem !== undefined && isGone(document.problem));
  const documents = documentsOf(view, document.document, document.versions);
  useTitle(title);
  useShown(view, title, input);
  return (
    <>
      <Content className={css["page"]}>
        {removed ? <Notice words={words.removed} /> : null}
        <RunHeader view={view} title={title} input={input} documents={documents} log={log} />
        <Relatives forkedFrom={view.forkedFrom} forks={forks} />
        <PartOf batchId={view.pipeline === "refine" ? undefined : about} />
        <Going run={run} view={view} />
        <Ended view={view} title={title} input={input} />
        <RunTabs run={run} view={view} documents={documents} document={document} log={log} />
        <AuthorDialog />
      </Content>
      <PrintedRun view={view} title={title} documents={documents} />
    </>
  );
}

/** How a run does that goes on, and what it asks: there, unless the modal over the page asks it already. */
function Going({ run, view }: { run: RunRef; view: RunView }): ReactNode {
  const { said } = useText();
  const { open, show } = useGeneration();
  const [asked] = view.asked;
  if (hasEnded(view)) return null;
  return (
    <div className={css["live"]}>
      <RunStatusBar run={run} onShow={show} />
      <Unseen role="status">{asked && !open ? said.asked(asked.prompt.split("\n", 1)[0] ?? "") : null}</Unseen>
      {asked && !open ? <Questions run={run} view={view} level="h2" className={css["asked"]} /> : null}
    </div>
  );
}

/** A browser has few connections to one server, and all its tabs share them: a run that goes on has one already. */
function useLogWanted(view: RunView): boolean {
  const { query } = usePlace();
  return hasEnded(view) || LOG_TABS.includes(query.get("tab") ?? "");
}

/** The run whose document can be worked on: one that made one, on a server. */
function workedOn(view: RunView, recorded: readonly LogEvent[] | undefined): string | undefined {
  const there = view.pipeline === "vision_framework" && view.status === "complete" && recorded === undefined;
  return there ? view.runId : undefined;
}

export function titleOf(input: Input | undefined, otherwise: string): string {
  const given = input?.["answers"] ?? input;
  const name = (given as Input | undefined)?.["company_name"];
  return typeof name === "string" && name.trim() ? name : otherwise;
}

/** A run that goes on is shown in the modal, once: whoever closes it there has seen it. */
function useShown(view: RunView, title: string, input: Input | undefined): void {
  const { run, watch } = useGeneration();
  const seen = useRef<string>(undefined);
  const going = Boolean(view.runId) && !hasEnded(view);
  useEffect(() => {
    if (!going || seen.current === view.runId) return;
    seen.current = view.runId;
    if (run !== view.runId) watch(view.runId, title, input);
  }, [going, view.runId, run, watch, title, input]);
}

/** How a run ended that did not end well. */
function Ended({ view, title, input }: { view: RunView; title: string; input: Input | undefined }): ReactNode {
  const { modal } = useText();
  const { start, goOn } = useGeneration();
  const kept = useKept(view);
  if (view.status !== "error" && view.status !== "cancelled") return null;
  const unnamed = { type: "about:blank", title: modal[view.status], detail: modal.cancelledDetail };
  return (
    <div className={css["ended"]}>
      <ProblemPanel problem={view.problem ?? unnamed} note={kept} calm={view.status === "cancelled"}>
        {input && view.pipeline === "vision_framework" ? (
          <RetryRun
            view={view}
            onRetried={(runId) => goOn(runId, title, input)}
            onStartOver={() => start(input, title, view.maxCostUsd)}
          />
        ) : null}
      </ProblemPanel>
    </div>
  );
}
