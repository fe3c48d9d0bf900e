/** Which version of the framework is shown, who made it so, and what may be done with all of it. */

import { type ReactNode, useState } from "react";
import { Button } from "../../components/button.tsx";
import { SECTIONS, type SectionName } from "../../components/vision.ts";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { dateTime, nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import { useToast } from "../toast.tsx";
import type { Documents } from "./documents.ts";
import css from "./framework-bar.module.css";
import { toldWithAuthor } from "./say-version.ts";
import type { Refinements } from "./use-refinements.ts";
import type { StepsBack } from "./use-steps-back.ts";
import { VersionsDialog } from "./versions-dialog.tsx";

export interface FrameworkBarProps {
  document: Document;
  present: DocumentBody;
  scores: Documents["scores"];
  refinements: Refinements;
  steps: StepsBack;
  /** Sections that somebody writes in. */
  busy: readonly SectionName[];
  /** The button that is always there, to give the focus to. */
  home: (button: HTMLElement | null) => void;
}

export function FrameworkBar(props: FrameworkBarProps): ReactNode {
  const { document, present, steps, home } = props;
  const text = useText();
  const app = useAppText();
  const { editing: words } = app;
  const [open, setOpen] = useState(false);
  return (
    <section className={css["bar"]} aria-label={words.bar}>
      <p className={css["version"]}>
        <strong>{words.version(present.version)}</strong>
        <span>{toldWithAuthor({ text, app }, present, document.versions)}</span>
        <time dateTime={new Date(present.at).toISOString()}>{dateTime(text, present.at)}</time>
      </p>
      <div className={css["acts"]}>
        <Button size="small" look="quiet" icon="undo" bare disabled={!present.can_undo} onClick={steps.undo}>
          {text.undo}
        </Button>
        <Button size="small" look="quiet" icon="redo" bare disabled={!present.can_redo} onClick={steps.redo}>
          {text.redo}
        </Button>
        <Button ref={home} size="small" icon="clock" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          {words.history.open}
        </Button>
        <ImproveAll {...props} />
      </div>
      <VersionsDialog open={open} document={document} present={present} onClose={() => setOpen(false)} />
    </section>
  );
}

/** For the sections whose score the scoring itself calls weak, and nobody is at work on. */
function ImproveAll({ document, scores, refinements, busy }: FrameworkBarProps): ReactNode {
  const app = useAppText();
  const text = useText();
  const { improve: words, failed } = app.editing;
  const toast = useToast();
  const [starting, setStarting] = useState(false);
  const weak = SECTIONS.filter((name) => scores[name]?.badge === "needs_work");
  const free = weak.filter((name) => !(busy.includes(name) || refinements.of(name)));
  if (!free.length) return null;
  const improve = async (name: SectionName): Promise<void> => {
    const card = scores[name];
    const started = await document.refine(name, { instruction: wishFor(card, words.instruction) });
    if ("runId" in started) refinements.add({ runId: started.runId, section: name, together: true });
    else toast({ words: `${nameOf(text, name)}: ${failed(started.problem.title)}` });
  };
  const all = async (): Promise<void> => {
    setStarting(true);
    await Promise.all(free.map(improve));
    setStarting(false);
  };
  return (
    <Button size="small" look="primary" icon="wand" disabled={starting} onClick={() => void all()}>
      {words.all(free.length)}
    </Button>
  );
}

/** As long as an instruction may be. */
const LONGEST = 1000;

function wishFor(
  card: Documents["scores"][SectionName],
  say: (issues: readonly string[], suggestions: readonly string[]) => string,
): string {
  return [...say(card?.issues ?? [], card?.suggestions ?? [])].slice(0, LONGEST).join("").trim();
}
