/** One page of the wizard: a question, or the short fields together. */

import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "../../components/button.tsx";
import { useAppText } from "../text/languages.tsx";
import { Answer } from "./answer.tsx";
import type { Errors, Field, Values } from "./fields.ts";
import css from "./page.module.css";

/** The short fields are the first page, every long one has its own. */
export function pagesOf(fields: readonly Field[]): readonly (readonly Field[])[] {
  const short = fields.filter((field) => !field.long);
  const long = fields.filter((field) => field.long).map((field) => [field]);
  return short.length ? [short, ...long] : long;
}

export interface PageProps {
  pages: readonly (readonly Field[])[];
  at: number;
  values: Values;
  errors: Errors;
  /** Counts what moves the focus to this page: turning to it, and pressing the button in vain. */
  moves: number;
  starting: boolean;
  onChange: (name: string, value: string) => void;
  onLeave: (name: string) => void;
  onTurn: (page: number) => void;
  onGenerate: () => void;
}

export function Page(props: PageProps): ReactNode {
  const { pages, at, values, errors, moves, onChange, onLeave } = props;
  const box = useRef<HTMLElement>(null);
  const fields = pages[at] ?? [];
  useEffect(() => {
    // A page that has just been loaded is read from its beginning.
    if (!moves) return;
    const wrong = box.current?.querySelector<HTMLElement>("[aria-invalid]");
    (wrong ?? box.current?.querySelector<HTMLElement>("input, textarea"))?.focus();
  }, [moves]);
  return (
    <section className={css["page"]} ref={box}>
      <Head {...props} />
      {fields.map((field) => (
        <Answer
          key={field.name}
          field={field}
          value={values[field.name] ?? ""}
          error={errors[field.name]}
          alone={fields.length === 1}
          onChange={(value) => onChange(field.name, value)}
          onLeave={() => onLeave(field.name)}
        />
      ))}
      <Foot {...props} />
    </section>
  );
}

function Head({ pages, at }: PageProps): ReactNode {
  const { wizard } = useAppText();
  const together = pages.filter((fields) => fields.length > 1).length;
  if ((pages[at]?.length ?? 0) > 1) {
    return (
      <header>
        <h2 className={css["title"]}>{wizard.company}</h2>
        <p className={css["help"]}>{wizard.companyHelp}</p>
      </header>
    );
  }
  return <p className={css["number"]}>{wizard.question(at + 1 - together, pages.length - together)}</p>;
}

function Foot({ pages, at, starting, onTurn, onGenerate }: PageProps): ReactNode {
  const { wizard } = useAppText();
  const last = at === pages.length - 1;
  return (
    <footer className={css["foot"]}>
      <Button look="quiet" icon="left" disabled={at === 0} onClick={() => onTurn(at - 1)}>
        {wizard.back}
      </Button>
      <span className={css["gap"]} />
      {last ? null : <Button onClick={() => onTurn(at + 1)}>{wizard.next}</Button>}
      <Button look="primary" disabled={starting} onClick={onGenerate}>
        {starting ? wizard.starting : wizard.generate}
      </Button>
    </footer>
  );
}
