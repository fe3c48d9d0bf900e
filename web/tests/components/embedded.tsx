/** The modal in somebody else's app, in ten lines: as the README shows it. */

import { type ReactNode, useState } from "react";
import { GenerationProgressModal, StepglassProvider, useStartRun } from "../../src/index.ts";

function Generate({ brief }: { brief: object }): ReactNode {
  const { start, runId, problem } = useStartRun("vision_framework");
  const [open, setOpen] = useState(false);
  const generate = (): void => {
    setOpen(true);
    void start(brief);
  };
  return (
    <>
      <button type="button" onClick={generate}>
        Generate
      </button>
      <GenerationProgressModal open={open} title="Acme" run={runId} problem={problem} onClose={() => setOpen(false)} />
    </>
  );
}

export function Embedded({ brief }: { brief: object }): ReactNode {
  return (
    <StepglassProvider baseUrl="https://stepglass.example.org">
      <Generate brief={brief} />
    </StepglassProvider>
  );
}
