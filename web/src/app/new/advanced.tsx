/** The options of a run, closed until somebody wants them or something is wrong with them. */

import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { cx } from "../../components/cx.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./advanced.module.css";
import type { Errors, Values } from "./fields.ts";
import { BUDGET, ON_INVALID } from "./options.ts";

export interface AdvancedProps {
  values: Values;
  errors: Errors;
  /** Whether the pipeline can ask a person. */
  asks: boolean;
  /** Counts the times that somebody wanted to go on in spite of what is wrong here. */
  tries: number;
  onChange: (name: string, value: string) => void;
  onLeave: (name: string) => void;
}

export function Advanced({ values, errors, asks, tries, onChange, onLeave }: AdvancedProps): ReactNode {
  const { options } = useAppText().wizard;
  const chosen = Boolean(values[BUDGET]) || values[ON_INVALID] === "ask";
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDetailsElement>(null);
  const wrong = errors[BUDGET] !== undefined;
  useEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);
  useEffect(() => {
    if (!tries) return;
    if (box.current) box.current.open = true;
    box.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [tries]);
  return (
    <details ref={box} className={css["advanced"]} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {options.title}
        {chosen ? <span className={css["chosen"]}>{sayChosen(options, values)}</span> : null}
      </summary>
      <div className={css["fields"]}>
        <Budget value={values[BUDGET] ?? ""} error={errors[BUDGET]} onChange={onChange} onLeave={onLeave} />
        {asks ? <OnInvalid value={values[ON_INVALID] ?? ""} onChange={onChange} /> : null}
      </div>
    </details>
  );
}

function sayChosen(words: { budgetIs: (usd: string) => string; asks: string }, values: Values): string {
  const budget = values[BUDGET]?.trim().replace(/^\$\s*/, "");
  return [budget && words.budgetIs(budget), values[ON_INVALID] === "ask" && words.asks].filter(Boolean).join(", ");
}

type Changing = Pick<AdvancedProps, "onChange" | "onLeave">;

function Budget({
  value,
  error,
  onChange,
  onLeave,
}: Changing & { value: string; error: string | undefined }): ReactNode {
  const { options } = useAppText().wizard;
  const id = useId();
  return (
    <div className={css["field"]}>
      <label htmlFor={id}>{options.budget}</label>
      <p id={`${id}-help`}>{options.budgetHelp}</p>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        autoComplete="off"
        value={value}
        aria-describedby={cx(`${id}-help`, error && `${id}-wrong`)}
        aria-invalid={error ? true : undefined}
        onBlur={() => onLeave(BUDGET)}
        onChange={(event) => onChange(BUDGET, event.target.value)}
      />
      {error ? (
        <p id={`${id}-wrong`} className={css["wrong"]}>
          {error}
        </p>
      ) : null}
    </div>
  );
}

function OnInvalid({ value, onChange }: Pick<AdvancedProps, "onChange"> & { value: string }): ReactNode {
  const { options } = useAppText().wizard;
  const id = useId();
  const choices = [
    ["fail", options.fail],
    ["ask", options.ask],
  ] as const;
  return (
    <fieldset className={css["field"]} aria-describedby={`${id}-help`}>
      <legend>{options.onInvalid}</legend>
      <p id={`${id}-help`}>{options.onInvalidHelp}</p>
      {choices.map(([choice, words]) => (
        <label key={choice} className={css["choice"]}>
          <input
            type="radio"
            name={id}
            checked={(value || "fail") === choice}
            onChange={() => onChange(ON_INVALID, choice)}
          />
          {words}
        </label>
      ))}
    </fieldset>
  );
}
