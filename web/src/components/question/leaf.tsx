/** A field for one value: its name, what to say, what is wrong with it. */

import { type ReactNode, useContext, useId } from "react";
import { useText } from "../../text/context.tsx";
import { cx } from "../cx.ts";
import { Unseen } from "../unseen.tsx";
import { RowContext, useForm } from "./context.ts";
import { type Entry, textIn } from "./entry.ts";
import { lengthOf } from "./faults.ts";
import type { FieldProps } from "./field.tsx";
import css from "./question.module.css";
import { type ChoiceShape, type JsonShape, type NumberShape, sayValue, type TextShape } from "./shape.ts";

type LeafShape = TextShape | NumberShape | JsonShape | ChoiceShape;

export function Leaf(props: FieldProps<LeafShape>): ReactNode {
  const { shape } = props;
  const { changed } = useForm();
  const onChange = (entry: Entry): void => {
    changed(props.at);
    props.onChange(entry);
  };
  if (shape.kind === "choice") return <Choice {...props} shape={shape} onChange={onChange} />;
  return <Written {...props} shape={shape} onChange={onChange} />;
}

function Written({
  shape,
  entry,
  label,
  at,
  required,
  bare,
  onChange,
}: FieldProps<Exclude<LeafShape, ChoiceShape>>): ReactNode {
  const id = useId();
  const { fault, left } = useForm();
  const wrong = fault(at);
  const value = textIn(entry);
  const control = {
    id,
    value,
    "aria-describedby": cx(shape.help && `${id}-help`, wrong && `${id}-wrong`) || undefined,
    "aria-invalid": wrong ? true : undefined,
    "aria-required": required && !shape.nullable ? true : undefined,
    onBlur: () => left(at),
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  return (
    <div className={css["field"]}>
      <Label id={id} bare={bare} optional={!required || shape.nullable}>
        {label}
      </Label>
      <Help id={id} shape={shape} />
      <Control shape={shape} control={control} />
      <Below id={id} wrong={wrong} shape={shape} value={value} />
    </div>
  );
}

type Props = Record<"id" | "value", string> & { onChange: (event: { target: { value: string } }) => void };

function Control({ shape, control }: { shape: Exclude<LeafShape, ChoiceShape>; control: Props }): ReactNode {
  if (shape.kind === "json") return <textarea {...control} className={css["json"]} rows={6} spellCheck={false} />;
  if (shape.kind === "text" && shape.long) return <textarea {...control} rows={2} />;
  if (shape.kind === "text") return <input {...control} type={shape.input} autoComplete="off" />;
  // No spinning by accident, and what is typed stays as it is until it is sent.
  return <input {...control} type="text" inputMode={shape.whole ? "numeric" : "decimal"} autoComplete="off" />;
}

/** Few are all seen at once. */
const SEEN = 5;

function Choice(props: FieldProps<ChoiceShape>): ReactNode {
  const inRow = useContext(RowContext);
  return props.shape.values.length > SEEN || inRow ? <Select {...props} /> : <Radios {...props} />;
}

/** Where something is chosen to begin with, nothing is no choice. */
function mayBeNone(shape: ChoiceShape, required: boolean): boolean {
  return shape.nullable || (!required && shape.given === undefined);
}

function Select({ shape, entry, label, at, required, bare, onChange }: FieldProps<ChoiceShape>): ReactNode {
  const id = useId();
  const text = useText();
  const { fault, left } = useForm();
  const wrong = fault(at);
  const optional = mayBeNone(shape, required);
  return (
    <div className={css["field"]}>
      <Label id={id} bare={bare} optional={optional}>
        {label}
      </Label>
      <Help id={id} shape={shape} />
      <select
        id={id}
        value={textIn(entry)}
        aria-describedby={cx(shape.help && `${id}-help`, wrong && `${id}-wrong`) || undefined}
        aria-invalid={wrong ? true : undefined}
        onBlur={() => left(at)}
        onChange={(event) => onChange(event.target.value)}
      >
        {/* Nothing is chosen for anybody. */}
        {optional || textIn(entry) === "" ? (
          <option value="">{optional ? text.question.none : text.question.pick}</option>
        ) : null}
        {shape.values.map((value, place) => (
          <option key={JSON.stringify(value)} value={place}>
            {sayValue(text, value)}
          </option>
        ))}
      </select>
      <Below id={id} wrong={wrong} />
    </div>
  );
}

function Radios({ shape, entry, label, at, required, onChange }: FieldProps<ChoiceShape>): ReactNode {
  const id = useId();
  const text = useText();
  const { fault, left } = useForm();
  const wrong = fault(at);
  const optional = mayBeNone(shape, required);
  const options = shape.values.map((value, place) => [String(place), sayValue(text, value)] as const);
  return (
    <fieldset
      className={css["group"]}
      aria-describedby={cx(shape.help && `${id}-help`, wrong && `${id}-wrong`) || undefined}
      data-wrong={wrong ? true : undefined}
      onBlur={() => left(at)}
    >
      <legend>
        {label}
        {optional ? <Optional /> : null}
      </legend>
      <Help id={id} shape={shape} />
      <div className={css["radios"]}>
        {[...options, ...(optional ? [["", text.question.none] as const] : [])].map(([place, said]) => (
          <label key={place} className={css["radio"]}>
            <input type="radio" name={id} checked={textIn(entry) === place} onChange={() => onChange(place)} />
            {said}
          </label>
        ))}
      </div>
      <Below id={id} wrong={wrong} />
    </fieldset>
  );
}

interface LabelProps {
  id: string;
  bare: boolean;
  optional: boolean;
  children: ReactNode;
}

function Label({ id, bare, optional, children }: LabelProps): ReactNode {
  if (bare) {
    return (
      <label htmlFor={id}>
        <Unseen>{children}</Unseen>
      </label>
    );
  }
  return (
    <label htmlFor={id}>
      {children}
      {optional ? <Optional /> : null}
    </label>
  );
}

export function Optional(): ReactNode {
  return <span className={css["optional"]}> {useText().question.optional}</span>;
}

export function Help({ id, shape }: { id: string; shape: { readonly help: string | undefined } }): ReactNode {
  return shape.help ? (
    <p className={css["help"]} id={`${id}-help`}>
      {shape.help}
    </p>
  ) : null;
}

/** Who writes a few words need not be told how many more there could be. */
function isNear({ long, max }: TextShape, length: number): boolean {
  return Number.isFinite(max) && (long || length > max * 0.8);
}

interface BelowProps {
  id: string;
  wrong: string | undefined;
  shape?: LeafShape;
  value?: string;
}

export function Below({ id, wrong, shape, value = "" }: BelowProps): ReactNode {
  const { framework } = useText();
  const length = lengthOf(value);
  const limit = shape?.kind === "text" && isNear(shape, length) ? shape.max : undefined;
  if (wrong === undefined && limit === undefined) return null;
  return (
    <div className={css["below"]}>
      <p className={css["wrong"]} id={`${id}-wrong`}>
        {wrong}
      </p>
      {limit === undefined ? null : (
        <span className={css["counter"]} data-wrong={length > limit || undefined} aria-hidden="true">
          {framework.characters(length, limit)}
        </span>
      )}
    </div>
  );
}
