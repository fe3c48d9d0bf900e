/** How a batch is to go, besides what is in its file; and the button that starts it. */

import { type FormEvent, type ReactNode, useId, useState } from "react";
import { Button } from "../../components/button.tsx";
import { cx } from "../../components/cx.ts";
import type { PipelineInfo } from "../../core/wire.ts";
import type { AppText } from "../text/en.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./order-form.module.css";
import type { FormField } from "./refusal.ts";
import type { Order } from "./wire.ts";

type Texts = Record<Exclude<FormField, "pipeline">, string>;
type Faults = Partial<Record<FormField, string | undefined>>;

export interface OrderFormProps {
  file: string;
  items: number;
  pipeline: string;
  pipelines: readonly PipelineInfo[];
  /** What the server says of the fields. */
  refused: Faults;
  /** Whether nothing is wrong with the file. */
  ready: boolean;
  starting: boolean;
  describedBy: string;
  onPipeline: (name: string) => void;
  onStart: (order: Order) => void;
}

export function OrderForm(props: OrderFormProps): ReactNode {
  const { file, items, pipeline, pipelines, refused, ready, starting, describedBy, onPipeline, onStart } = props;
  const { form: words } = useAppText().batches;
  const [texts, setTexts] = useState<Texts>({ name: stemOf(file), concurrency: "10", max_cost_usd: "" });
  /** Fields that were changed since the server refused them, and those that are looked at. */
  const [mended, mend] = useState<{ by: Faults; names: readonly string[] }>({ by: refused, names: [] });
  const names = mended.by === refused ? mended.names : [];
  const own = faultsOf(words, texts);
  const faultOf = (name: FormField): string | undefined =>
    own[name] ?? (names.includes(name) ? undefined : refused[name]);
  const change = (name: keyof Texts, value: string): void => {
    setTexts({ ...texts, [name]: value });
    mend({ by: refused, names: [...names, name] });
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ready && !starting && !Object.values(own).some(Boolean)) onStart(orderIn(texts, pipeline));
  };
  const field = (name: keyof Texts) => ({
    value: texts[name],
    fault: faultOf(name),
    onChange: (value: string) => change(name, value),
  });
  return (
    <form className={css["form"]} onSubmit={submit} noValidate>
      <Field label={words.name} help={words.nameHelp} {...field("name")} />
      <label className={css["field"]}>
        <span>{words.pipeline}</span>
        <small>{words.pipelineHelp}</small>
        <select value={pipeline} onChange={(event) => onPipeline(event.target.value)}>
          {pipelines.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        <p className={css["wrong"]}>{faultOf("pipeline")}</p>
      </label>
      <Field label={words.concurrency} help={words.concurrencyHelp} mode="numeric" {...field("concurrency")} />
      <Field label={words.budget} help={words.budgetHelp} mode="decimal" {...field("max_cost_usd")} />
      <div className={css["foot"]}>
        <Button look="primary" type="submit" disabled={!ready} aria-busy={starting} aria-describedby={describedBy}>
          {starting ? words.starting : words.start(items)}
        </Button>
      </div>
    </form>
  );
}

interface FieldProps {
  label: string;
  help: string;
  value: string;
  fault: string | undefined;
  mode?: "numeric" | "decimal";
  onChange: (value: string) => void;
}

function Field({ label, help, value, fault, mode, onChange }: FieldProps): ReactNode {
  const id = useId();
  return (
    <div className={css["field"]}>
      <label htmlFor={id}>{label}</label>
      <small id={`${id}-help`}>{help}</small>
      <input
        id={id}
        type="text"
        inputMode={mode}
        autoComplete="off"
        value={value}
        aria-describedby={cx(`${id}-help`, fault && `${id}-wrong`)}
        aria-invalid={fault ? true : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {/* Its place is kept. */}
      <p id={`${id}-wrong`} className={css["wrong"]} role="status">
        {fault}
      </p>
    </div>
  );
}

const LONGEST_NAME = 100;

function faultsOf(words: AppText["batches"]["form"], { name, concurrency, max_cost_usd }: Texts): Faults {
  const many = Number(concurrency);
  const budget = budgetIn(max_cost_usd);
  const wrongName = name.trim() ? [...name.trim()].length > LONGEST_NAME && words.longName : words.noName;
  return {
    name: wrongName || undefined,
    concurrency: Number.isInteger(many) && many >= 1 && many <= 100 ? undefined : words.wrongConcurrency,
    max_cost_usd: budget === undefined || (Number.isFinite(budget) && budget > 0) ? undefined : words.wrongBudget,
  };
}

function orderIn({ name, concurrency, max_cost_usd }: Texts, pipeline: string): Order {
  return { name: name.trim(), pipeline, concurrency: Number(concurrency), maxCostUsd: budgetIn(max_cost_usd) };
}

function budgetIn(written: string): number | undefined {
  const amount = written.trim().replace(/^\$\s*/, "");
  return amount ? Number(amount) : undefined;
}

/** `portfolio.jsonl` is called `portfolio`. */
function stemOf(file: string): string {
  return [...file.replace(/\.[^.]+$/, "").trim()].slice(0, LONGEST_NAME).join("");
}
