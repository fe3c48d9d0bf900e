/** `/new`: the questions, one after the other, and the button that starts the run. */

import { type ReactNode, useEffect, useState } from "react";
import { Button } from "../../components/button.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import { useAfterPress } from "../../components/use-after-press.ts";
import type { PipelineInfo } from "../../core/wire.ts";
import { Content } from "../content.tsx";
import { useGeneration } from "../generation.tsx";
import { usePipeline } from "../pipelines.ts";
import { type Shortcut, useShortcuts } from "../shortcuts.tsx";
import { useAppText } from "../text/languages.tsx";
import { useTitle } from "../title.ts";
import { Advanced } from "./advanced.tsx";
import { type Draft, useDraft } from "./draft.ts";
import { Examples } from "./examples.tsx";
import { checkAll, type Errors, errorsIn, type Field, fieldsOf, type Values } from "./fields.ts";
import { BUDGET, budgetIn, checkOptions, inputOptions, maybeAsks, optionsIn, withoutOptions } from "./options.ts";
import { Page, pagesOf } from "./page.tsx";
import { Rail } from "./rail.tsx";
import { Saved } from "./saved.tsx";
import css from "./wizard.module.css";

const PIPELINE = "vision_framework";

export function Wizard(): ReactNode {
  const { wizard, loading, retry } = useAppText();
  const pipeline = usePipeline(PIPELINE);
  useTitle(wizard.title);
  return (
    <Content className={css["wizard"]}>
      <h1>{wizard.title}</h1>
      <p className={css["lead"]}>{wizard.lead}</p>
      {pipeline.problem ? (
        <ProblemPanel problem={pipeline.problem} note={wizard.loadFailed}>
          <Button onClick={pipeline.retry}>{retry}</Button>
        </ProblemPanel>
      ) : null}
      {pipeline.info ? <Form info={pipeline.info} /> : pipeline.problem ? null : <p role="status">{loading}</p>}
    </Content>
  );
}

function Form({ info }: { info: PipelineInfo }): ReactNode {
  const [fields] = useState(() => fieldsOf(info.input_schema));
  const [pages] = useState(() => pagesOf(fields));
  const draft = useDraft(info.name);
  const errors = useErrors(fields, draft.values);
  const generation = useGeneration();
  const { at, moves, turn } = usePages(pages.length, draft);
  const [tries, tryAgain] = useState(0);
  const change = (name: string, value: string): void => {
    errors.changed(name);
    draft.change({ ...draft.values, [name]: value });
  };
  const generate = (): void => {
    if (generation.starting || generation.open) return;
    const wrong = errors.attempt();
    const page = pages.findIndex((each) => each.some((field) => field.name === wrong));
    if (wrong && page < 0) tryAgain(tries + 1);
    else if (wrong) turn(page);
    if (wrong) return;
    const { values } = draft;
    const answers = Object.fromEntries(fields.map(({ name }) => [name, values[name]?.trim() ?? ""]));
    const input = { ...answers, ...inputOptions(info.input_schema, values) };
    generation.start(input, answers["company_name"] ?? info.label, budgetIn(values));
  };
  const shortcuts: readonly Shortcut[] = [
    { keys: "generate", act: generate },
    { keys: "next", act: () => turn(at + 1) },
    { keys: "back", act: () => turn(at - 1) },
  ];
  useShortcuts(shortcuts);
  const restart = (values: Values): void => {
    errors.forget();
    draft.change({ ...optionsIn(draft.values), ...values });
  };

  return (
    <>
      <div className={css["tools"]}>
        <Saved draft={draft} />
        <Examples examples={info.examples} values={withoutOptions(draft.values)} onChange={restart} />
      </div>
      <div className={css["form"]}>
        <Rail pages={pages} at={at} values={draft.values} errors={errors.shown} onTurn={turn} />
        <Page
          key={at}
          {...{ pages, at, errors: errors.shown, values: draft.values, moves }}
          onChange={change}
          onLeave={errors.left}
          onTurn={turn}
          onGenerate={generate}
          starting={generation.starting}
        />
        <Advanced
          values={draft.values}
          errors={errors.shown}
          asks={maybeAsks(info.input_schema)}
          tries={tries}
          onChange={change}
          onLeave={errors.left}
        />
      </div>
    </>
  );
}

interface Pages {
  /** The page that is open. */
  readonly at: number;
  /** Counts what turned to a page. */
  readonly moves: number;
  turn(page: number): void;
}

function usePages(count: number, draft: Draft): Pages {
  const [moves, move] = useState(0);
  const within = (page: number): number => Math.min(Math.max(0, page), count - 1);
  const turn = (page: number): void => {
    draft.turn(within(page));
    move(moves + 1);
  };
  return { at: within(draft.page), moves, turn };
}

interface FieldErrors {
  readonly shown: Errors;
  changed(name: string): void;
  left(name: string): void;
  forget(): void;
  /** The first field that is wrong, undefined when none is. From now on all that is wrong is shown. */
  attempt(): string | undefined;
}

/** What is wrong is said when a field is left, and what the server says of it until it changes. */
function useErrors(fields: readonly Field[], values: Values): FieldErrors {
  const { wizard } = useAppText();
  const { problem } = useGeneration();
  const afterPress = useAfterPress();
  const [touched, touch] = useState<ReadonlySet<string>>(new Set());
  const [told, tell] = useState<Errors>({});
  useEffect(() => tell(errorsIn(problem?.errors)), [problem]);
  const found: Errors = { ...checkAll(wizard, fields, values), ...checkOptions(wizard, values) };
  const shown = Object.entries({ ...found, ...told }).filter(([name]) => touched.has(name) || told[name] !== undefined);
  return {
    shown: Object.fromEntries(shown),
    changed: (name) => tell(({ [name]: _, ...others }) => others),
    left: (name) => afterPress(() => touch((now) => new Set([...now, name]))),
    forget: () => {
      touch(new Set());
      tell({});
    },
    attempt: () => {
      touch(new Set([...fields.map((field) => field.name), BUDGET]));
      return fields.find((field) => found[field.name] !== undefined)?.name ?? Object.keys(found)[0];
    },
  };
}
