/** A section of a framework, to be written in. */

import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { Problem } from "../core/contract.ts";
import { sameJson } from "../core/same-json.ts";
import { useText } from "../text/context.tsx";
import { nameOf } from "../text/format.ts";
import { LISTS } from "./bounds.ts";
import { Button } from "./button.tsx";
import { EditorRow } from "./editor-row.tsx";
import { ProblemPanel } from "./problem-panel.tsx";
import { added, draftOf, isValid, moved, removed, type SectionDraft, sectionIn, written } from "./section-draft.ts";
import css from "./section-editor.module.css";
import type { Framework, SectionName } from "./vision.ts";

export interface SectionEditorProps {
  name: SectionName;
  value: Framework[SectionName];
  /** What somebody wrote before and did not save. */
  draft?: SectionDraft | undefined;
  pending?: boolean;
  problem?: Problem | undefined;
  saveLabel?: string;
  /** Told of every change, for whoever wants to keep it. */
  onDraft?: (draft: SectionDraft) => void;
  onSave: (value: Framework[SectionName]) => void;
  onCancel: () => void;
}

export function SectionEditor(props: SectionEditorProps): ReactNode {
  const { name, value, pending = false, problem, onDraft, onSave } = props;
  const text = useText();
  const [draft, setDraft] = useState(() => props.draft ?? draftOf(name, value));
  const { asked, ...leaving } = useLeaving(() => !sameJson(sectionIn(name, draft), value), props.onCancel);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (!asked) form.current?.querySelector<HTMLElement>("textarea, input")?.focus();
  }, [asked]);
  const valid = isValid(name, draft);
  const write = (next: SectionDraft): void => {
    setDraft(next);
    onDraft?.(next);
  };
  const save = (event: FormEvent | KeyboardEvent): void => {
    event.preventDefault();
    if (valid && !pending) onSave(sectionIn(name, draft));
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(event);
    if (event.key !== "Escape") return;
    event.stopPropagation();
    leaving.leave();
  };
  return (
    <form
      ref={form}
      className={css["editor"]}
      aria-label={text.framework.editing(nameOf(text, name))}
      onSubmit={save}
      onKeyDown={pressed}
    >
      <Rows name={name} draft={draft} onChange={write} />
      {problem ? <ProblemPanel problem={problem} /> : null}
      {asked ? (
        <Leaving {...leaving} onLeave={props.onCancel} />
      ) : (
        <div className={css["ends"]}>
          <Length name={name} draft={draft} />
          <Button size="small" disabled={pending} onClick={leaving.leave}>
            {text.cancel}
          </Button>
          <Button look="primary" size="small" type="submit" disabled={!valid || pending}>
            {props.saveLabel ?? text.save}
          </Button>
        </div>
      )}
    </form>
  );
}

interface LeavingState {
  readonly asked: boolean;
  leave(): void;
  stay(): void;
}

/** Who has written something is asked before it is thrown away. */
function useLeaving(written: () => boolean, onCancel: () => void): LeavingState {
  const [asked, ask] = useState(false);
  return {
    asked,
    leave: () => (written() ? ask(!asked) : onCancel()),
    stay: () => ask(false),
  };
}

function Leaving({ stay, onLeave }: { stay: () => void; onLeave: () => void }): ReactNode {
  const { framework } = useText();
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    <div className={css["ends"]}>
      <span className={css["question"]} role="alert">
        {framework.discard}
      </span>
      <Button ref={keep} size="small" onClick={stay}>
        {framework.keepWriting}
      </Button>
      <Button look="danger" size="small" onClick={onLeave}>
        {framework.throwAway}
      </Button>
    </div>
  );
}

interface RowsProps {
  name: SectionName;
  draft: SectionDraft;
  onChange: (draft: SectionDraft) => void;
}

function Rows({ name, draft, onChange }: RowsProps): ReactNode {
  const text = useText();
  const last = draft.rows.length - 1;
  return (
    <>
      <ol className={css["rows"]}>
        {draft.rows.map((row, place) => (
          <EditorRow
            key={row.id}
            name={name}
            row={row}
            number={place + 1}
            last={place === last}
            onWrite={(field, words) => onChange(written(draft, row.id, field, words))}
            onMove={(by) => onChange(moved(draft, row.id, by))}
            onRemove={() => onChange(removed(draft, row.id))}
          />
        ))}
      </ol>
      {name !== "vision" && draft.rows.length < LISTS[name].most ? (
        <div>
          <Button look="quiet" size="small" icon="plus" onClick={() => onChange(added(name, draft))}>
            {text.framework.add}
          </Button>
        </div>
      ) : null}
    </>
  );
}

function Length({ name, draft }: { name: SectionName; draft: SectionDraft }): ReactNode {
  const { framework } = useText();
  if (name === "vision") return <span className={css["length"]} />;
  const { least, most } = LISTS[name];
  const count = draft.rows.length;
  return (
    <span className={css["length"]} data-wrong={count < least || undefined}>
      {framework.items(count, least, most)}
    </span>
  );
}
