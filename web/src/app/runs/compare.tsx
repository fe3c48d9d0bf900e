/** Two runs side by side: what they took, how their sections were scored, how long their steps lasted. */

import type { ReactNode } from "react";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import { ScoreBadge } from "../../components/score-badge.tsx";
import { StatusBadge } from "../../components/status-badge.tsx";
import { type Scores, SECTIONS } from "../../components/vision.ts";
import type { RunView } from "../../core/view.ts";
import { type RunRef, useRun } from "../../react/use-run.ts";
import { useText } from "../../text/context.tsx";
import { dateTime, duration, money, nameOf, number, score } from "../../text/format.ts";
import { Content } from "../content.tsx";
import { Link } from "../router.tsx";
import { documentsOf } from "../run/documents.ts";
import { titleOf } from "../run/run-page.tsx";
import { type LoadedRun, useLoadedRun } from "../run/use-loaded-run.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./compare.module.css";
import { shortId } from "./runs-table.tsx";

export function Compare({ one, other }: { one: string; other: string }): ReactNode {
  const { compare, loading } = useAppText();
  const left = useLoadedRun(one);
  const right = useLoadedRun(other);
  const problem = left.problem ?? right.problem;
  return (
    <Content className={css["page"]}>
      <p className={css["ways"]}>
        <Link href="/runs">{compare.back}</Link>
        <Link href={`/runs?compare=${other},${one}`}>{compare.swap}</Link>
      </p>
      <h1>{compare.title}</h1>
      {problem ? <ProblemPanel problem={problem} /> : null}
      {left.run !== undefined && right.run !== undefined ? (
        <Both left={left} right={right} runs={[left.run, right.run]} />
      ) : problem ? null : (
        <p role="status">{loading}</p>
      )}
    </Content>
  );
}

interface Side {
  readonly view: RunView;
  readonly title: string;
  readonly scores: Scores;
}

function Both({
  left,
  right,
  runs,
}: {
  left: LoadedRun;
  right: LoadedRun;
  runs: readonly [RunRef, RunRef];
}): ReactNode {
  const { compare } = useAppText();
  const sides = [useSide(left, runs[0]), useSide(right, runs[1])] as const;
  return (
    <div className={css["scroll"]}>
      <table className={css["table"]}>
        <thead>
          <tr>
            <td />
            {sides.map(({ view, title }) => (
              <th key={view.runId} scope="col">
                <Link href={`/runs/${view.runId}`}>
                  <bdi>{title}</bdi>
                </Link>
                <small>{shortId(view.runId)}</small>
              </th>
            ))}
            <th scope="col">{compare.difference}</th>
          </tr>
        </thead>
        <Facts sides={sides} />
        <ScoreRows sides={sides} />
        <StepRows sides={sides} />
      </table>
    </div>
  );
}

function useSide({ input }: LoadedRun, run: RunRef): Side {
  const text = useText();
  const view = useRun(run, (state) => state.view);
  return { view, title: titleOf(input, view.title ?? nameOf(text, view.pipeline)), scores: documentsOf(view).scores };
}

type Sides = readonly [Side, Side];

function Facts({ sides }: { sides: Sides }): ReactNode {
  const { list, run: words, compare } = useAppText();
  const text = useText();
  const cost = (view: RunView): number | undefined => view.costUsd;
  const tokens = (view: RunView): number => view.inputTokens + view.outputTokens;
  const [one, other] = [sides[0].view, sides[1].view];
  return (
    <tbody>
      <Group label={compare.facts} />
      <Row label={list.status} cells={sides.map(({ view }) => <StatusBadge key={view.runId} status={view.status} />)} />
      <Row
        label={words.started}
        cells={sides.map(({ view }) => (view.createdAt === undefined ? compare.none : dateTime(text, view.createdAt)))}
      />
      <Numbers
        label={words.duration}
        values={[one.durationMs, other.durationMs]}
        show={(value) => duration(text, value)}
        better="less"
      />
      <Numbers
        label={words.cost}
        values={[cost(one), cost(other)]}
        show={(value) => money(text, value)}
        better="less"
      />
      <Numbers
        label={words.tokens}
        values={[tokens(one), tokens(other)]}
        show={(value) => number(text, value)}
        better="less"
      />
      <Row label={words.models} cells={sides.map(({ view }) => view.models.join(", ") || compare.none)} />
    </tbody>
  );
}

function ScoreRows({ sides }: { sides: Sides }): ReactNode {
  const { compare } = useAppText();
  const text = useText();
  const names = SECTIONS.filter((name) => sides.some(({ scores }) => scores[name]));
  if (!names.length) return null;
  return (
    <tbody>
      <Group label={compare.scores} />
      {names.map((name) => (
        <Numbers
          key={name}
          label={nameOf(text, name)}
          values={[sides[0].scores[name]?.overall, sides[1].scores[name]?.overall]}
          show={(value) => score(text, value)}
          cell={(side) => {
            const card = sides[side].scores[name];
            return card ? <ScoreBadge card={card} /> : compare.none;
          }}
          better="more"
        />
      ))}
    </tbody>
  );
}

function StepRows({ sides }: { sides: Sides }): ReactNode {
  const { compare } = useAppText();
  const text = useText();
  const labels = new Map(sides.flatMap(({ view }) => view.steps.map((step) => [step.id, step.label])));
  const took = (side: Side, id: string): number | undefined =>
    side.view.steps.find((step) => step.id === id)?.durationMs;
  return (
    <tbody>
      <Group label={compare.steps} />
      {[...labels].map(([id, label]) => (
        <Numbers
          key={id}
          label={label}
          values={[took(sides[0], id), took(sides[1], id)]}
          show={(value) => duration(text, value)}
          better="less"
        />
      ))}
    </tbody>
  );
}

function Group({ label }: { label: string }): ReactNode {
  return (
    <tr className={css["group"]}>
      <th scope="colgroup" colSpan={4}>
        {label}
      </th>
    </tr>
  );
}

function Row({ label, cells }: { label: string; cells: readonly ReactNode[] }): ReactNode {
  return (
    <tr>
      <th scope="row">{label}</th>
      {cells.map((cell, place) => (
        <td key={String(place)}>{cell}</td>
      ))}
      <td />
    </tr>
  );
}

interface NumbersProps {
  label: string;
  values: readonly [number | undefined, number | undefined];
  show: (value: number) => string;
  cell?: (side: 0 | 1) => ReactNode;
  better: "less" | "more";
}

function Numbers({ label, values: [one, other], show, cell, better }: NumbersProps): ReactNode {
  const { compare } = useAppText();
  const shown = (value: number | undefined): string => (value === undefined ? compare.none : show(value));
  const change = one === undefined || other === undefined ? undefined : other - one;
  const improved = change === undefined || change === 0 ? undefined : change < 0 === (better === "less");
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{cell?.(0) ?? shown(one)}</td>
      <td>{cell?.(1) ?? shown(other)}</td>
      <td data-improved={improved}>{change === undefined ? compare.none : signed(change, show(Math.abs(change)))}</td>
    </tr>
  );
}

/** What is too small to be counted is in neither direction. */
function signed(change: number, words: string): string {
  if (words.startsWith("<")) return words;
  return `${change > 0 ? "+" : change < 0 ? "−" : "±"}${words}`;
}
