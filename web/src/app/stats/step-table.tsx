/** How long each step takes, and how often it is where a run ends. */

import type { ReactNode } from "react";
import type { StepTimes } from "../../core/stats.ts";
import type { PipelineInfo } from "../../core/wire.ts";
import { useText } from "../../text/context.tsx";
import { duration, nameOf, number } from "../../text/format.ts";
import { usePipelines } from "../pipelines.ts";
import { useAppText } from "../text/languages.tsx";
import sheet from "./sheet.module.css";
import { Sheet } from "./sheet.tsx";
import { share, stepName } from "./words.ts";

export function StepTable({ steps }: { steps: readonly StepTimes[] }): ReactNode {
  const { stats } = useAppText();
  const words = stats.steps;
  const text = useText();
  const { all } = usePipelines();
  if (!steps.length) return null;
  const took = (ms: number | null): string => (ms === null ? stats.none : duration(text, ms));
  return (
    <section className={sheet["section"]}>
      <h2>{words.title}</h2>
      <p>{words.note}</p>
      <Sheet
        label={words.title}
        heads={[words.step, words.runs, words.p50, words.p90, words.failed]}
        rows={inOrder(steps, all).map((each) => ({
          key: `${each.pipeline} ${each.step}`,
          head: (
            <>
              {stepName(text, all, each.pipeline, each.step)}
              <small>{nameOf(text, each.pipeline)}</small>
            </>
          ),
          cells: [number(text, each.runs), took(each.p50_ms), took(each.p90_ms), <Failed key="failed" step={each} />],
        }))}
      />
    </section>
  );
}

/** As the pipelines have them, as long as they do: the API sorts by name. */
function inOrder(steps: readonly StepTimes[], pipelines: readonly PipelineInfo[] = []): StepTimes[] {
  const plan = pipelines.flatMap(({ name, plan: planned }) => planned.map(({ step }) => `${name} ${step}`));
  const place = ({ pipeline, step }: StepTimes): number => {
    const at = plan.indexOf(`${pipeline} ${step}`);
    return at < 0 ? plan.length : at;
  };
  return steps.toSorted((one, other) => place(one) - place(other));
}

/** A step is either completed by a run, or where it ends. */
function Failed({ step: { runs, failed } }: { step: StepTimes }): ReactNode {
  const text = useText();
  if (!failed) return number(text, 0);
  return (
    <span className={sheet["bad"]}>
      {number(text, failed)} <small>{share(text, failed / (runs + failed))}</small>
    </span>
  );
}
