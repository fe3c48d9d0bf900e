/** One field: its question, what to say, how much of it, and what is wrong with it. */

import { type ReactNode, useId } from "react";
import { cx } from "../../components/cx.ts";
import { Unseen } from "../../components/unseen.tsx";
import { useAppText } from "../text/languages.tsx";
import { type Field, lengthOf } from "./fields.ts";
import css from "./page.module.css";

export interface AnswerProps {
  field: Field;
  value: string;
  error: string | undefined;
  /** Nothing else is on the page: its name is the page's title. */
  alone: boolean;
  onChange: (value: string) => void;
  onLeave: () => void;
}

export function Answer({ field, value, error, alone, onChange, onLeave }: AnswerProps): ReactNode {
  const id = useId();
  const described = cx(`${id}-help`, error && `${id}-error`, `${id}-left`);
  const common = {
    id,
    value,
    "aria-describedby": described,
    "aria-invalid": error ? true : undefined,
    onBlur: onLeave,
    className: css["input"],
  };
  return (
    <div className={css["field"]}>
      {alone ? (
        <h2 className={css["title"]}>
          <label htmlFor={id}>{field.title}</label>
        </h2>
      ) : (
        <label className={css["label"]} htmlFor={id}>
          {field.title}
        </label>
      )}
      <p className={alone ? css["help"] : css["hint"]} id={`${id}-help`}>
        {field.help}
      </p>
      {field.long ? (
        <textarea
          {...common}
          className={cx(css["input"], css["long"])}
          rows={10}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <input {...common} type="text" autoComplete="off" onChange={(event) => onChange(event.target.value)} />
      )}
      <Below id={id} field={field} value={value} error={error} />
    </div>
  );
}

function Below({
  id,
  field,
  value,
  error,
}: Pick<AnswerProps, "field" | "value" | "error"> & { id: string }): ReactNode {
  const { wizard } = useAppText();
  const length = lengthOf(value);
  return (
    <div className={css["below"]}>
      {error ? (
        <p className={css["error"]} id={`${id}-error`}>
          {error}
        </p>
      ) : (
        <span />
      )}
      <span className={css["counter"]} data-near={length > field.limit * 0.9 || undefined} aria-hidden="true">
        {wizard.counter(length, field.limit)}
      </span>
      <Unseen id={`${id}-left`}>{wizard.counterSaid(Math.max(0, field.limit - length))}</Unseen>
    </div>
  );
}
