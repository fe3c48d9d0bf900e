/** What a batch is, for those who have none yet: three sentences, and a file to try it with. */

import { type ReactNode, useMemo } from "react";
import { Button } from "../../components/button.tsx";
import type { PipelineInfo } from "../../core/wire.ts";
import { usePipeline } from "../pipelines.ts";
import { save, textFile } from "../save.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./sample.module.css";

const PIPELINE = "vision_framework";
/** Of each line so much is shown. */
const SHOWN = 160;
const MOST = 3;

export interface SampleProps {
  onUse: (name: string, text: string) => void;
}

export function Sample({ onUse }: SampleProps): ReactNode {
  const { batches } = useAppText();
  const { empty: words, file } = batches;
  const { info } = usePipeline(PIPELINE);
  const lines = useMemo(() => linesOf(info?.examples ?? []), [info]);
  const text = `${lines.join("\n")}\n`;
  return (
    <section className={css["sample"]}>
      <h2>{words.title}</h2>
      <ol>
        {words.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <figure>
        <figcaption>{words.sample}</figcaption>
        <pre>
          {lines
            .slice(0, 2)
            .map((line) => line.slice(0, SHOWN))
            .join("\n")}
        </pre>
      </figure>
      <p className={css["ways"]}>
        <Button look="primary" disabled={!lines.length} onClick={() => onUse(file.sampleName, text)}>
          {words.use}
        </Button>
        <Button
          icon="download"
          disabled={!lines.length}
          onClick={() => save(file.sampleName, textFile("application/x-ndjson", text))}
        >
          {words.save}
        </Button>
      </p>
    </section>
  );
}

/** The examples of the pipeline, as items. */
function linesOf(examples: PipelineInfo["examples"]): readonly string[] {
  return examples.slice(0, MOST).map(({ input }) => JSON.stringify({ key: String(input["company_id"] ?? ""), input }));
}
