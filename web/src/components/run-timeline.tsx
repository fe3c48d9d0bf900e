/** A Gantt picture of a run: every attempt of every step, and in each the moment of its first token. */

import type { ReactNode } from "react";
import type { Attempt, RunView, StepView } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import type { Text } from "../text/en.ts";
import { duration } from "../text/format.ts";
import { RunBoundary } from "./run-boundary.tsx";
import css from "./run-timeline.module.css";
import { at, percent, type Scale, scaleOf } from "./timeline-scale.ts";
import { Unseen } from "./unseen.tsx";

export interface RunTimelineProps {
  view: RunView;
  /** The run's own time in Unix ms, for attempts that go on. */
  now: number;
}

const ROW = 40;
const BAR = 18;

export function RunTimeline(props: RunTimelineProps): ReactNode {
  return (
    <RunBoundary runId={props.view.runId}>
      <Chart {...props} />
    </RunBoundary>
  );
}

function Chart({ view, now }: RunTimelineProps): ReactNode {
  const text = useText();
  const steps = view.steps.filter((step) => step.attempts.length);
  const from = view.startedAt ?? Math.min(...steps.map((step) => step.attempts[0]?.startedAt ?? now));
  if (!steps.length) return <p className={css["empty"]}>{text.timeline.empty}</p>;
  const scale = scaleOf(from, view.endedAt ?? now);
  return (
    <figure className={css["timeline"]}>
      <div className={css["chart"]} aria-hidden="true">
        <ol className={css["labels"]}>
          {steps.map((step) => (
            <li key={step.id} style={{ blockSize: ROW }}>
              {step.label}
            </li>
          ))}
        </ol>
        <div className={css["picture"]}>
          <svg role="img" aria-label={text.timeline.label} width="100%" height={steps.length * ROW + 24}>
            <Grid scale={scale} rows={steps.length} />
            {steps.map((step, row) => (
              <g key={step.id}>
                {step.attempts.map((attempt) => (
                  <Bar key={`${attempt.owner}${attempt.startedAt}`} {...{ attempt, step, row, scale, now }} />
                ))}
              </g>
            ))}
          </svg>
        </div>
      </div>
      <Words steps={steps} now={now} />
    </figure>
  );
}

function Grid({ scale, rows }: { scale: Scale; rows: number }): ReactNode {
  const text = useText();
  const height = rows * ROW;
  return scale.marks.map((mark) => (
    <g key={mark} className={css["mark"]}>
      <line x1={percent(scale, mark)} x2={percent(scale, mark)} y1={0} y2={height} />
      <text x={percent(scale, mark)} y={height + 18} textAnchor={mark ? "middle" : "start"}>
        {duration(text, mark, mark % 1000 === 0)}
      </text>
    </g>
  ));
}

interface BarProps {
  attempt: Attempt;
  step: StepView;
  row: number;
  scale: Scale;
  now: number;
}

function Bar({ attempt, step, row, scale, now }: BarProps): ReactNode {
  const text = useText();
  const end = attempt.endedAt ?? now;
  const y = row * ROW + (ROW - BAR) / 2;
  const first = attempt.firstTokenAt;
  const writing = first ?? end;
  return (
    <g className={css["bar"]} data-outcome={attempt.outcome ?? "going"}>
      <title>{sayAttempt(text, step, attempt, now)}</title>
      {/* Something that took no time at all is still there. */}
      <rect
        className={css["waiting"]}
        x={at(scale, attempt.startedAt)}
        y={y}
        rx={4}
        {...sized(scale, attempt.startedAt, end)}
      />
      {first === undefined ? null : (
        <>
          <rect className={css["writing"]} x={at(scale, writing)} y={y} rx={4} {...sized(scale, writing, end)} />
          <line className={css["first"]} x1={at(scale, first)} x2={at(scale, first)} y1={y - 4} y2={y + BAR + 4} />
        </>
      )}
    </g>
  );
}

function sized(scale: Scale, from: number, until: number): { height: number; style: { width: string } } {
  return { height: BAR, style: { width: `max(3px, ${percent(scale, until - from)})` } };
}

/** The same for those who do not see it. */
function Words({ steps, now }: { steps: readonly StepView[]; now: number }): ReactNode {
  const text = useText();
  return (
    <Unseen>
      {steps.flatMap((step) => step.attempts.map((attempt) => sayAttempt(text, step, attempt, now))).join(". ")}
    </Unseen>
  );
}

function sayAttempt(text: Text, step: StepView, attempt: Attempt, now: number): string {
  const { timeline } = text;
  const lasted = duration(text, (attempt.endedAt ?? now) - attempt.startedAt, attempt.outcome === undefined);
  const said = timeline.attempt(step.label, attempt.attempt, lasted, timeline.outcome[attempt.outcome ?? "undefined"]);
  if (attempt.firstTokenAt === undefined) return said;
  return `${said}. ${timeline.firstToken}: ${duration(text, attempt.firstTokenAt - attempt.startedAt)}`;
}
