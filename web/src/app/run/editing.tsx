/** A section that somebody writes in: kept as it is written, and saved over the version that they have seen. */

import { type ReactNode, useState } from "react";
import type { SectionDraft } from "../../components/section-draft.ts";
import { SectionEditor } from "../../components/section-editor.tsx";
import { type Framework, SECTIONS, type SectionName } from "../../components/vision.ts";
import type { Problem } from "../../core/contract.ts";
import type { Change } from "../../core/document.ts";
import { sameJson } from "../../core/same-json.ts";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import { useToast } from "../toast.tsx";
import { Conflict } from "./conflict.tsx";
import { keepDraft, keptDraft } from "./kept-draft.ts";
import { lastToChange, sectionNames } from "./say-version.ts";

export interface EditingProps {
  runId: string;
  name: SectionName;
  document: Document;
  present: DocumentBody;
  onUndo: () => void;
  onClose: () => void;
}

export function Editing({ runId, name, document, present, onUndo, onClose }: EditingProps): ReactNode {
  const { editing: words } = useAppText();
  const [begun] = useState(() => keptDraft(runId, name) ?? { ...beginning(name, present), draft: undefined });
  const { save, problem } = useSaving(name, document, onUndo);
  const close = (): void => {
    keepDraft(runId, name, undefined);
    onClose();
  };
  const theirs = valueIn(present, name);
  const conflict = !sameJson(begun.value, theirs);
  const keep = (draft: SectionDraft): void => keepDraft(runId, name, { ...begun, draft });
  const send = async (value: Framework[SectionName]): Promise<void> => {
    if (sameJson(value, theirs) || (await save(value, present))) close();
  };
  return (
    <>
      {conflict ? (
        <Conflict
          name={name}
          before={begun.value as Framework[SectionName]}
          after={theirs}
          act={lastToChange(name, document.versions, begun.version)}
          onTheirs={close}
        />
      ) : null}
      <SectionEditor
        name={name}
        value={begun.value as Framework[SectionName]}
        draft={begun.draft}
        pending={document.changing}
        problem={problem}
        {...(conflict ? { saveLabel: words.draft.saveMine } : {})}
        onDraft={keep}
        onSave={(value) => void send(value)}
        onCancel={close}
      />
    </>
  );
}

interface Saving {
  /** Whether it is saved. `seen` is the document that the person has before them. */
  save(value: Framework[SectionName], seen: DocumentBody): Promise<boolean>;
  readonly problem: Problem | undefined;
}

/** How often somebody else may be faster, elsewhere in the document, while this section is saved. */
const TRIES = 5;

function useSaving(name: SectionName, document: Document, onUndo: () => void): Saving {
  const text = useText();
  const app = useAppText();
  const toast = useToast();
  const [problem, setProblem] = useState<Problem>();
  const tell = (seen: DocumentBody, saved: DocumentBody): void => {
    const { editing: words } = app;
    const others = SECTIONS.filter((each) => each !== name && !sameJson(valueIn(seen, each), valueIn(saved, each)));
    const what = nameOf(text, name);
    const said = others.length ? words.savedAlso(what, sectionNames({ text, app }, others)) : words.saved(what);
    toast({ words: said, action: { label: text.undo, act: onUndo } });
  };
  const save = async (value: Framework[SectionName], seen: DocumentBody): Promise<boolean> => {
    setProblem(undefined);
    const change = await saved(document, name, value, seen);
    if (change.done) tell(seen, change.done);
    // What somebody else wrote in this section is shown above it, and that is all there is to say.
    else if (!change.outrun) setProblem(change.problem);
    return change.done !== undefined;
  };
  return { save, problem };
}

/** Another version is no matter where this section is as it was. */
async function saved(
  document: Document,
  name: SectionName,
  value: Framework[SectionName],
  seen: DocumentBody,
): Promise<Change> {
  let version = seen.version;
  for (let left = TRIES; ; left -= 1) {
    const change = await document.edit({ [name]: value }, version);
    if (!(change.outrun && left && sameJson(valueIn(change.outrun, name), valueIn(seen, name)))) return change;
    version = change.outrun.version;
  }
}

function beginning(name: SectionName, present: DocumentBody): { value: unknown; version: number } {
  return { value: present.framework[name], version: present.version };
}

function valueIn(document: DocumentBody, name: SectionName): Framework[SectionName] {
  return document.framework[name] as Framework[SectionName];
}
