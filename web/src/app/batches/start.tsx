/** Starting a batch: a file, what is in it, and how it is to go. */

import { type ReactNode, useId, useState } from "react";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import { usePipelines } from "../pipelines.ts";
import { navigate } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { FileChooser } from "./file-chooser.tsx";
import { type Lines, linesOf } from "./lines.ts";
import { OrderForm } from "./order-form.tsx";
import { Preview } from "./preview.tsx";
import { refusalOf } from "./refusal.ts";
import css from "./start.module.css";
import { useStartBatch } from "./use-start-batch.ts";
import { BATCH, type Order } from "./wire.ts";

/** A file that was read. */
export interface Chosen {
  readonly name: string;
  readonly bytes: number;
  readonly text: string;
  /** Counts the files, each of which begins anew. */
  readonly number: number;
}

const PIPELINE = "vision_framework";

export interface StartProps {
  chosen: Chosen | undefined;
  onChoose: (file: File) => void;
  onClear: () => void;
  reading: boolean;
  fault: string | undefined;
}

export function Start({ chosen, onChoose, onClear, reading, fault }: StartProps): ReactNode {
  const { batches: words } = useAppText();
  return (
    <section className={css["start"]} aria-label={words.file.label}>
      <FileChooser chosen={chosen} onChoose={onChoose} onClear={onClear} reading={reading} fault={fault} />
      {chosen ? <Ordering key={chosen.number} chosen={chosen} /> : null}
    </section>
  );
}

function Ordering({ chosen }: { chosen: Chosen }): ReactNode {
  const { batches: words } = useAppText();
  const { all } = usePipelines();
  const [pipeline, setPipeline] = useState(PIPELINE);
  const pipelines = (all ?? []).filter(({ name }) => name !== BATCH);
  const schema = pipelines.find(({ name }) => name === pipeline)?.input_schema;
  const lines = useLines(chosen.text, schema);
  const { start, starting, problem } = useStartBatch();
  const id = useId();
  const refusal = refusalOf(problem, lines.lines);
  const ready = !lines.wrong && lines.fault === undefined;
  const begin = async (order: Order): Promise<void> => {
    const batchId = await start(chosen.text.replace(/^\uFEFF/, ""), order);
    if (batchId !== undefined) navigate(`/batches/${batchId}`);
  };
  return (
    <>
      <Preview lines={lines} refused={refusal.lines} id={id} />
      {problem && !(refusal.placed && !refusal.lines.size) ? (
        <ProblemPanel
          problem={refusal.placed ? { ...problem, errors: [] } : problem}
          note={refusal.lines.size ? words.file.wrongHint : undefined}
        />
      ) : null}
      <OrderForm
        file={chosen.name}
        items={lines.lines.length}
        pipeline={pipeline}
        pipelines={pipelines}
        refused={refusal.fields}
        ready={ready}
        starting={starting}
        describedBy={id}
        onPipeline={setPipeline}
        onStart={(order) => void begin(order)}
      />
    </>
  );
}

/** Read once for each pipeline: a large file takes a moment. */
function useLines(text: string, schema: Readonly<Record<string, unknown>> | undefined): Lines {
  const { faults } = useAppText().batches;
  const [read, keep] = useState<{ schema: typeof schema; lines: Lines }>(() => ({
    schema,
    lines: linesOf(faults, text, schema),
  }));
  if (read.schema === schema) return read.lines;
  const lines = linesOf(faults, text, schema);
  keep({ schema, lines });
  return lines;
}
