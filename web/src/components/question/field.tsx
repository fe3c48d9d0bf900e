/** One place of a question's form, whatever its shape: a value, a list, an object, or a choice between objects. */

import { type ReactNode, useEffect, useId, useRef } from "react";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { Button } from "../button.tsx";
import { cx } from "../cx.ts";
import { Unseen } from "../unseen.tsx";
import { RowContext, useForm } from "./context.ts";
import { AT, type Entry, entryOf, fieldsIn, isLeaf, rowsIn, textIn } from "./entry.ts";
import { inside } from "./faults.ts";
import { Below, Help, Leaf, Optional } from "./leaf.tsx";
import css from "./question.module.css";
import { type GroupShape, type ListShape, type Shape, sayValue, type TaggedShape } from "./shape.ts";

export interface FieldProps<S extends Shape = Shape> {
  shape: S;
  entry: Entry | undefined;
  label: string;
  /** Where it is in the value: a JSON Pointer. */
  at: string;
  required: boolean;
  /** What it is shows without its name, which is for who hears it: one of many of a kind, or the only one of its kind. */
  bare: boolean;
  onChange: (entry: Entry) => void;
}

export function Field({ shape, ...props }: FieldProps): ReactNode {
  switch (shape.kind) {
    case "constant":
      return null;
    case "list":
      return <List {...props} shape={shape} />;
    case "group":
      return <Group {...props} shape={shape} />;
    case "tagged":
      return <Tagged {...props} shape={shape} />;
    default:
      return <Leaf {...props} shape={shape} />;
  }
}

export function Members({
  shape,
  entry,
  at,
  onChange,
}: Pick<FieldProps<GroupShape>, "shape" | "entry" | "at" | "onChange">): ReactNode {
  const text = useText();
  const fields = fieldsIn(entry);
  const alone = shape.members.filter((each) => each.shape.kind !== "constant").length === 1;
  return shape.members.map(({ name, shape: each, required }) => (
    <Field
      key={name}
      shape={each}
      entry={fields[name]}
      label={each.title ?? nameOf(text, name)}
      at={inside(at, name)}
      required={required}
      bare={alone && each.kind === "group"}
      onChange={(next) => onChange({ ...fields, [name]: next })}
    />
  ));
}

function Group(props: FieldProps<GroupShape>): ReactNode {
  const { shape, label, at, required, bare } = props;
  const id = useId();
  const wrong = useForm().fault(at);
  const name = bare ? <Unseen>{label}</Unseen> : label;
  return (
    <fieldset className={css["group"]} aria-describedby={shape.help ? `${id}-help` : undefined}>
      <legend data-bare={bare || undefined}>
        {name}
        {required && !shape.nullable ? null : <Optional />}
      </legend>
      <Help id={id} shape={shape} />
      <div className={css["members"]}>
        <Members {...props} />
      </div>
      <Below id={id} wrong={wrong} />
    </fieldset>
  );
}

function Tagged({ shape, entry, label, at, onChange }: FieldProps<TaggedShape>): ReactNode {
  const id = useId();
  const text = useText();
  const { fault, left, changed } = useForm();
  const wrong = fault(at);
  const fields = fieldsIn(entry);
  const chosen = textIn(fields[AT]);
  return (
    <fieldset
      className={css["group"]}
      aria-describedby={cx(shape.help && `${id}-help`, wrong && `${id}-wrong`) || undefined}
      data-wrong={wrong ? true : undefined}
    >
      <legend>{label}</legend>
      <Help id={id} shape={shape} />
      {shape.cases.map(({ value, group }, place) => {
        const is = chosen === String(place);
        return (
          <div key={JSON.stringify(value)} className={css["case"]} data-chosen={is || undefined}>
            <label className={css["radio"]}>
              <input
                type="radio"
                name={id}
                checked={is}
                aria-describedby={group.help ? `${id}-${place}` : undefined}
                onBlur={() => left(at)}
                onChange={() => {
                  changed(at);
                  onChange({ ...fields, [AT]: String(place) });
                }}
              />
              {group.title ?? sayValue(text, value)}
            </label>
            {group.help ? (
              <p className={css["help"]} id={`${id}-${place}`}>
                {group.help}
              </p>
            ) : null}
            {is && group.members.some((each) => each.shape.kind !== "constant") ? (
              <div className={css["members"]}>
                <Members
                  shape={group}
                  entry={fields[place]}
                  at={at}
                  onChange={(next) => onChange({ ...fields, [place]: next })}
                />
              </div>
            ) : null}
          </div>
        );
      })}
      <Below id={id} wrong={wrong} />
    </fieldset>
  );
}

function List(props: FieldProps<ListShape>): ReactNode {
  const { shape, entry, label, at, required, onChange } = props;
  const id = useId();
  const { framework } = useText();
  const { fault, changed } = useForm();
  const wrong = fault(at);
  const box = useRef<HTMLFieldSetElement>(null);
  const rows = rowsIn(entry);
  const goTo = useFocus(box, rows);
  const add = (): void => {
    changed(at);
    const next = Math.max(-1, ...rows.map((row) => row.id)) + 1;
    onChange([...rows, { id: next, entry: entryOf(shape.item) }]);
    goTo("li:last-child :is(input, textarea, select)");
  };
  const write = (id: number, next: Entry): void => {
    onChange(rows.map((row) => (row.id === id ? { id, entry: next } : row)));
  };
  const remove = (gone: number): void => {
    changed(at);
    onChange(rows.filter((row) => row.id !== gone));
    goTo("[data-add]");
  };
  return (
    <fieldset
      ref={box}
      className={css["group"]}
      aria-describedby={cx(shape.help && `${id}-help`, wrong && `${id}-wrong`) || undefined}
    >
      <legend>
        {label}
        {required && !shape.nullable ? null : <Optional />}
      </legend>
      <Help id={id} shape={shape} />
      <ol className={css["rows"]}>
        {rows.map((row, place) => (
          <li key={row.id} className={css["row"]} data-kind={shape.item.kind}>
            <RowContext value={true}>
              <Field
                shape={withoutWords(shape.item)}
                entry={row.entry}
                label={framework.item(place + 1)}
                at={inside(at, place)}
                required={true}
                bare={isLeaf(shape.item)}
                onChange={(next) => write(row.id, next)}
              />
            </RowContext>
            <Button look="quiet" size="small" icon="trash" bare onClick={() => remove(row.id)}>
              {framework.remove(place + 1)}
            </Button>
          </li>
        ))}
      </ol>
      {rows.length < shape.max ? (
        <Button look="quiet" size="small" icon="plus" data-add data-wrong={wrong ? true : undefined} onClick={add}>
          {framework.add}
        </Button>
      ) : null}
      <Below id={id} wrong={wrong} />
    </fieldset>
  );
}

/** What is said of each of many is said once, of all of them. */
function withoutWords(shape: Shape): Shape {
  return { ...shape, title: undefined, help: undefined };
}

/** Puts the focus somewhere in `box` once the rows are others. */
function useFocus(box: { readonly current: HTMLElement | null }, rows: unknown): (selector: string) => void {
  const wanted = useRef<string>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is looked for is there when the rows are drawn.
  useEffect(() => {
    if (wanted.current !== undefined) box.current?.querySelector<HTMLElement>(wanted.current)?.focus();
    wanted.current = undefined;
  }, [rows, box]);
  return (selector) => {
    wanted.current = selector;
  };
}
