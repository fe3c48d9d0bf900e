/** What a run asks a person, and where to answer it. A question is here as long as the run waits for its answer. */

import { type ReactNode, useEffect, useId, useLayoutEffect, useMemo, useRef } from "react";
import type { InputRequiredData } from "../core/contract.ts";
import type { RunView } from "../core/view.ts";
import { useOptionalClient } from "../react/context.tsx";
import { useAnswer } from "../react/use-answer.ts";
import { type RunRef, useNow } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { duration } from "../text/format.ts";
import { cx } from "./cx.ts";
import { focusPage } from "./focus.ts";
import { QuestionForm } from "./question/form.tsx";
import css from "./question/question.module.css";
import { sayAnswer } from "./question/say.ts";
import { type Shape, shapeOf } from "./question/shape.ts";
import { isReplay } from "./replay-bar.tsx";
import { RunBoundary } from "./run-boundary.tsx";

export interface QuestionsProps {
  run: RunRef;
  view: RunView;
  /** Whether a question that comes gets the focus, where nobody is writing. */
  takesFocus?: boolean;
  /** Below which heading it stands. */
  level?: "h2" | "h3";
  className?: string | undefined;
}

export function Questions(props: QuestionsProps): ReactNode {
  return (
    <RunBoundary runId={props.view.runId}>
      <All {...props} />
    </RunBoundary>
  );
}

function All({ run, view, takesFocus = false, level = "h3", className }: QuestionsProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const { asked } = view;
  const newest = asked.map((each) => each.input_id).join(" ");
  useEffect(() => {
    const heading = box.current?.querySelector<HTMLElement>("[data-question] > :first-child");
    if (newest && takesFocus && mayLeave(document.activeElement)) heading?.focus();
  }, [newest, takesFocus]);
  return (
    <div ref={box} className={cx(css["questions"], className)}>
      {asked.map((question, place) => (
        <Question
          key={question.input_id}
          run={run}
          view={view}
          level={level}
          question={question}
          number={asked.length > 1 ? place + 1 : undefined}
        />
      ))}
    </div>
  );
}

/** Not where somebody writes or chooses, nor where they are asked something else. */
function mayLeave(at: Element | null): boolean {
  const busy =
    "input, textarea, select, [contenteditable], [aria-expanded=true], [role=alertdialog] *, [data-question] *";
  return !at?.matches(busy);
}

interface QuestionProps {
  run: RunRef;
  view: RunView;
  level: "h2" | "h3";
  question: InputRequiredData;
  number: number | undefined;
}

function Question({ run, view, level: Heading, question, number }: QuestionProps): ReactNode {
  const { question: words } = useText();
  const id = useId();
  const section = useRef<HTMLElement>(null);
  const shape = useMemo(() => shapeOf(question.schema), [question.schema]);
  const client = useOptionalClient();
  useLayoutEffect(() => {
    const box = section.current;
    return () => {
      // Answered, here or elsewhere: who was in it is somewhere still.
      if (box?.contains(document.activeElement)) leave(box);
    };
  }, []);
  return (
    <section
      ref={section}
      data-question
      className={css["question"]}
      aria-labelledby={id}
      aria-describedby={`${id}-prompt`}
    >
      <Heading id={id} tabIndex={-1} className={css["heading"]}>
        {number === undefined ? words.title : words.numbered(number, view.asked.length)}
      </Heading>
      {/* A model may have written it: text, and nothing else. */}
      <p id={`${id}-prompt`} className={css["prompt"]}>
        {question.prompt}
      </p>
      <Deadline run={run} question={question} shape={shape} />
      {view.status === "paused" ? <p className={css["note"]}>{words.paused}</p> : null}
      {client && !isReplay(run) ? (
        <Answering runId={view.runId} question={question} shape={shape} />
      ) : (
        <QuestionForm shape={shape} keptAs="" pending={false} sent={false} problem={undefined} />
      )}
    </section>
  );
}

function leave(box: HTMLElement): void {
  const heading = box.closest("dialog")?.querySelector<HTMLElement>("[data-focus]");
  if (heading) heading.focus();
  else focusPage(box);
}

function Answering({
  runId,
  question,
  shape,
}: {
  runId: string;
  question: InputRequiredData;
  shape: Shape;
}): ReactNode {
  const { answer, ...state } = useAnswer(runId, question.input_id);
  const keptAs = `${runId}.${question.input_id}`;
  return <QuestionForm {...state} shape={shape} keptAs={keptAs} onAnswer={answer} />;
}

/** How long it is waited for, and what becomes of the run then. */
function Deadline({ run, question, shape }: { run: RunRef; question: InputRequiredData; shape: Shape }): ReactNode {
  const text = useText();
  const { question: words } = text;
  const now = useNow(run, 1000);
  const { expires_at: until, otherwise } = question;
  if (until === undefined) return null;
  const left = until - now;
  const then = otherwise ? words.otherwise(sayAnswer(text, shape, otherwise.value)) : words.fails;
  return (
    <p className={css["deadline"]} data-near={left < NEAR_MS || undefined}>
      {left > 0 ? words.within(duration(text, left, true)) : words.late} {then}
    </p>
  );
}

const NEAR_MS = 60_000;
