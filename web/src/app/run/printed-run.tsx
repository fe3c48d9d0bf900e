/** What a run made, on paper: seen by printers only. */

import type { ReactNode } from "react";
import { Markdown } from "../../components/markdown/markdown.tsx";
import { ScoreBadge } from "../../components/score-badge.tsx";
import { SectionValue } from "../../components/section-value.tsx";
import { SECTIONS } from "../../components/vision.ts";
import type { RunView } from "../../core/view.ts";
import { useText } from "../../text/context.tsx";
import { dateTime, nameOf } from "../../text/format.ts";
import { Logo } from "../logo.tsx";
import { useAppText } from "../text/languages.tsx";
import type { Documents } from "./documents.ts";
import css from "./printed-run.module.css";
import { sayBasis, sayPresent } from "./say-version.ts";

export interface PrintedRunProps {
  view: RunView;
  title: string;
  documents: Documents;
}

export function PrintedRun({ view, title, documents }: PrintedRunProps): ReactNode {
  const text = useText();
  const app = useAppText();
  const { qa } = app;
  const { onePager, quality } = documents;
  const version = sayPresent({ text, app }, documents);
  const basis = sayBasis(app, documents).map((note) => <p key={note}>{note}</p>);
  return (
    <div className={css["printed"]} aria-hidden="true">
      <header>
        <p className={css["brand"]}>
          <Logo />
          {app.name}
        </p>
        <h1>{title}</h1>
        <p>
          {nameOf(text, view.pipeline)}
          {view.endedAt === undefined ? "" : `, ${dateTime(text, view.endedAt)}`}
        </p>
        {version ? <p>{version}</p> : null}
      </header>
      <Sections documents={documents} />
      {onePager === undefined ? null : (
        <section className={css["sheet"]}>
          {basis}
          <Markdown text={onePager} level={2} />
        </section>
      )}
      {quality ? (
        <section>
          <h2>{qa.recommendations}</h2>
          {basis}
          <ul>
            {quality.recommendations.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </section>
      ) : null}
    </div>
  );
}

function Sections({ documents: { framework, scores } }: Pick<PrintedRunProps, "documents">): ReactNode {
  const text = useText();
  return SECTIONS.map((name) => {
    const value = framework?.[name];
    const card = scores[name];
    return value === undefined ? null : (
      <section key={name}>
        <h2>
          {nameOf(text, name)} {card ? <ScoreBadge card={card} /> : null}
        </h2>
        <SectionValue name={name} value={value} />
      </section>
    );
  });
}
