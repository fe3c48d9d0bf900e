/** A question's form: made of its JSON Schema, checked before it is sent, and kept while it is not. */

import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Problem } from "../../core/contract.ts";
import { useText } from "../../text/context.tsx";
import { Button } from "../button.tsx";
import { ProblemPanel } from "../problem-panel.tsx";
import { useAfterPress } from "../use-after-press.ts";
import { FormContext, type FormState } from "./context.ts";
import { type Entry, entryOf, mended, valueIn } from "./entry.ts";
import { type Faults, faultsOf, told, without } from "./faults.ts";
import { Field, Members } from "./field.tsx";
import { keepEntry, keptEntry } from "./kept.ts";
import css from "./question.module.css";
import type { Shape } from "./shape.ts";

export interface QuestionFormProps {
  shape: Shape;
  /** Under what it is kept, for who loads the page again. */
  keptAs: string;
  /** Gives whether it was taken. Without it there is nothing to be answered: it is only looked at. */
  onAnswer?: ((value: unknown) => Promise<boolean>) | undefined;
  pending: boolean;
  sent: boolean;
  problem: Problem | undefined;
}

export function QuestionForm(props: QuestionFormProps): ReactNode {
  const { question } = useText();
  const { form, state, entry, faults, write, send } = useEntry(props);
  const { shape, pending, sent } = props;
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  };
  const field = { entry, at: "", onChange: write };
  return (
    <form ref={form} className={css["form"]} noValidate onSubmit={send} onKeyDown={pressed}>
      <FormContext value={state}>
        <fieldset className={css["members"]} disabled={!props.onAnswer}>
          {shape.kind === "group" ? (
            <Members {...field} shape={shape} />
          ) : (
            <Field {...field} shape={shape} label={shape.title ?? question.answer} required={true} bare={false} />
          )}
        </fieldset>
      </FormContext>
      {shape.kind === "group" && faults[""] ? (
        <p className={css["wrong"]} role="alert">
          {faults[""]}
        </p>
      ) : null}
      <Refused problem={props.problem} />
      {props.onAnswer ? (
        <div className={css["ends"]}>
          {/* Not disabled meanwhile: the focus would be lost. */}
          <Button look="primary" type="submit" aria-disabled={sent || undefined} aria-busy={pending}>
            {sent ? question.sent : question.send}
          </Button>
        </div>
      ) : (
        <p className={css["note"]}>{question.recorded}</p>
      )}
    </form>
  );
}

/** What the server had against it that is not said at a field. */
function Refused({ problem }: { problem: Problem | undefined }): ReactNode {
  const { question } = useText();
  if (!problem || isInvalid(problem)) return null;
  const answered = problem.type.endsWith("/answered");
  const said = answered ? { ...problem, title: question.answered, detail: question.answeredDetail } : problem;
  return <ProblemPanel problem={said} calm={answered} />;
}

function isInvalid(problem: Problem): boolean {
  return problem.type.endsWith("/invalid-input") && Boolean(problem.errors?.length);
}

interface EntryState {
  readonly form: { readonly current: HTMLFormElement | null };
  readonly state: FormState;
  readonly entry: Entry;
  readonly faults: Faults;
  write(entry: Entry): void;
  send(event: FormEvent | KeyboardEvent): void;
}

function useEntry({ shape, keptAs, onAnswer, pending, sent, problem }: QuestionFormProps): EntryState {
  const { question: words } = useText();
  const form = useRef<HTMLFormElement>(null);
  const afterPress = useAfterPress();
  const [entry, setEntry] = useState<Entry>(() => mendedOr(shape, keptEntry(keptAs)));
  const [refused, refuse] = useState<Faults>({});
  const [touched, touch] = useState<ReadonlySet<string>>(new Set());
  const [tries, setTries] = useState(0);
  const mine = useMemo(() => faultsOf(words, shape, entry), [words, shape, entry]);
  const seen = Object.entries(mine).filter(([at]) => tries > 0 || touched.has(at));
  const faults: Faults = { ...Object.fromEntries(seen), ...refused };
  useGoToFault(form, tries);

  // biome-ignore lint/correctness/useExhaustiveDependencies: said once of what was sent, and not of what is written now.
  useEffect(() => {
    if (!(problem && isInvalid(problem))) return;
    refuse(told(problem.errors, shape, entry));
    setTries((count) => count + 1);
  }, [problem]);

  const write = (next: Entry): void => {
    setEntry(next);
    keepEntry(keptAs, next);
  };
  const send = async (event: FormEvent | KeyboardEvent): Promise<void> => {
    event.preventDefault();
    if (!onAnswer || pending || sent) return;
    setTries(tries + 1);
    if (Object.keys(mine).length) return;
    refuse({});
    if (await onAnswer(valueIn(shape, entry))) keepEntry(keptAs, undefined);
  };
  const state = {
    fault: (at: string) => faults[at],
    left: (at: string) => afterPress(() => touch((now) => (now.has(at) ? now : new Set([...now, at])))),
    changed: (at: string) => refuse((now) => without(now, at)),
  };
  return { form, state, entry, faults, write, send: (event) => void send(event) };
}

function mendedOr(shape: Shape, kept: unknown): Entry {
  return kept === undefined ? entryOf(shape) : mended(shape, kept);
}

/** After each try, to the first place that is wrong, if there is one. */
function useGoToFault(form: { readonly current: HTMLFormElement | null }, tries: number): void {
  useEffect(() => {
    if (!tries) return;
    const wrong = form.current?.querySelector<HTMLElement>("[aria-invalid], [data-wrong=true]");
    const inside = wrong?.matches("fieldset") ? wrong.querySelector<HTMLElement>("input") : wrong;
    inside?.focus();
  }, [form, tries]);
}
