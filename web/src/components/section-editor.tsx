/** A section of a framework, to be written in. */

import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { Problem } from "../core/contract.ts";
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
  pending?: boolean;
  problem?: Problem | undefined;
  onSave: (value: Framework[SectionName]) => void;
  onCancel: () => void;
}

export function SectionEditor({
  name,
  value,
  pending = false,
  problem,
  onSave,
  onCancel,
}: SectionEditorProps): ReactNode {
  const text = useText();
  const [draft, setDraft] = useState(() => draftOf(name, value));
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("textarea, input")?.focus(), []);
  const valid = isValid(name, draft);
  const save = (event: FormEvent | KeyboardEvent): void => {
    event.preventDefault();
    if (valid && !pending) onSave(sectionIn(name, draft));
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(event);
    if (event.key === "Escape") onCancel();
  };
  return (
    <form
      ref={form}
      className={css["editor"]}
      aria-label={text.framework.editing(nameOf(text, name))}
      onSubmit={save}
      onKeyDown={pressed}
    >
      <Rows name={name} draft={draft} onChange={setDraft} />
      {problem ? <ProblemPanel problem={problem} /> : null}
      <div className={css["ends"]}>
        <Length name={name} draft={draft} />
        <Button size="small" onClick={onCancel}>
          {text.cancel}
        </Button>
        <Button look="primary" size="small" type="submit" disabled={!valid || pending}>
          {text.save}
        </Button>
      </div>
    </form>
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
