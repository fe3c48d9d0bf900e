/** All runs, or the one that is replayed, in the plainest words. */

import type { ReactNode } from "react";
import type { ReplayStore } from "../core/replay.ts";
import { useRun } from "../react/use-run.ts";
import { useRuns } from "../react/use-runs.ts";
import { replays } from "./replay.ts";

export function Page({ replay }: { replay: ReplayStore | undefined }): ReactNode {
  return <main>{replay ? <Run run={replay} /> : <Runs />}</main>;
}

function Run({ run }: { run: ReplayStore }): ReactNode {
  const view = useRun(run, (state) => state.view);
  return (
    <>
      <h1>
        {view.pipeline} {view.status}
      </h1>
      <progress value={view.progress} max={100} aria-label="Progress of the run" />
      <ol>
        {view.steps.map((step) => (
          <li key={step.id}>
            {step.label}: {step.status}
          </li>
        ))}
      </ol>
    </>
  );
}

function Runs(): ReactNode {
  const { runs, problem } = useRuns();
  return (
    <>
      <h1>Runs</h1>
      {problem ? <p role="alert">{problem.title}</p> : null}
      <ul>
        {runs.map((run) => (
          <li key={run.runId}>
            {run.pipeline} {run.status}
          </li>
        ))}
      </ul>
      <p>
        Recorded:{" "}
        {replays.map((name) => (
          <a key={name} href={`?replay=${name}`}>
            {name}{" "}
          </a>
        ))}
      </p>
    </>
  );
}
