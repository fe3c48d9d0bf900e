/** One item of a section that is being written in: its fields, its length, its place. */

import { type ReactNode, useId } from "react";
import { useText } from "../text/context.tsx";
import { type FieldBounds, fits, lengthOf, TEXT_ITEM } from "./bounds.ts";
import { Button } from "./button.tsx";
import { fieldsOf, type Row } from "./section-draft.ts";
import css from "./section-editor.module.css";
import type { SectionName } from "./vision.ts";

export interface EditorRowProps {
  name: SectionName;
  row: Row;
  number: number;
  last: boolean;
  onWrite: (field: string, text: string) => void;
  onMove: (by: 1 | -1) => void;
  onRemove: () => void;
}

export function EditorRow({ name, row, number, last, onWrite, onMove, onRemove }: EditorRowProps): ReactNode {
  const { framework } = useText();
  return (
    <li className={css["row"]} data-single={name === "vision" || undefined}>
      <div className={css["fields"]} data-section={name}>
        {Object.entries(fieldsOf(name)).map(([field, bounds]) => (
          <Field
            key={field}
            field={field}
            number={number}
            bounds={bounds}
            value={row.texts[field] ?? ""}
            onWrite={(text) => onWrite(field, text)}
          />
        ))}
      </div>
      {name === "vision" ? null : (
        <div className={css["moves"]}>
          <Button look="quiet" size="small" icon="up" bare disabled={number === 1} onClick={() => onMove(-1)}>
            {framework.up(number)}
          </Button>
          <Button look="quiet" size="small" icon="down" bare disabled={last} onClick={() => onMove(1)}>
            {framework.down(number)}
          </Button>
          <Button look="quiet" size="small" icon="trash" bare onClick={onRemove}>
            {framework.remove(number)}
          </Button>
        </div>
      )}
    </li>
  );
}

interface FieldProps {
  field: string;
  number: number;
  bounds: FieldBounds;
  value: string;
  onWrite: (text: string) => void;
}

const LONG = 120;

function Field({ field, number, bounds, value, onWrite }: FieldProps): ReactNode {
  const { framework } = useText();
  const id = useId();
  const words = framework as unknown as Readonly<Record<string, string>>;
  const label = field === TEXT_ITEM ? framework.item(number) : (words[field] ?? field);
  const length = lengthOf(value);
  const common = { id, value, "aria-invalid": fits(bounds, value) ? undefined : true };
  const write = (event: { target: { value: string } }): void => onWrite(event.target.value);
  return (
    <div className={css["field"]} data-field={field || undefined}>
      <label htmlFor={id} data-alone={field === TEXT_ITEM || undefined}>
        {label}
      </label>
      <Control common={common} bounds={bounds} onWrite={write} />
      {bounds.choices ? null : (
        <span className={css["counter"]} data-wrong={length > bounds.most || undefined}>
          {framework.characters(length, bounds.most)}
        </span>
      )}
    </div>
  );
}

interface ControlProps {
  common: { id: string; value: string; "aria-invalid": boolean | undefined };
  bounds: FieldBounds;
  onWrite: (event: { target: { value: string } }) => void;
}

function Control({ common, bounds, onWrite }: ControlProps): ReactNode {
  if (bounds.choices) {
    return (
      <select {...common} onChange={onWrite}>
        {bounds.choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  }
  if (bounds.most > LONG) return <textarea {...common} rows={2} onChange={onWrite} />;
  return <input {...common} type="text" onChange={onWrite} />;
}
