/** An app that is not ours and embeds the modal: with a text that nests too deeply, or with a run that throws. */

import { type ReactNode, useState } from "react";
import { createRoot } from "react-dom/client";
import { createReplayStore, GenerationProgressModal, type RunSource } from "../../src/index.ts";
import "../../src/style.css";
import "./host.css";
import { RUN_ID, story } from "../story.ts";

const RUNS: Readonly<Record<string, () => RunSource>> = {
  deep: () => {
    const told = story().started("brief", "framework").start("brief");
    const { events } = told.writes("brief", `A first paragraph.\n\n${">".repeat(10_000)} the end`);
    const run = createReplayStore({ events, autoplay: false });
    run.seek(run.getSnapshot().lengthMs);
    return run;
  },
  broken: () => ({
    runId: RUN_ID,
    now: Date.now,
    subscribe: () => () => undefined,
    getSnapshot: () => {
      throw new Error("This run cannot be read.");
    },
  }),
};

const run = RUNS[location.search.slice(1)]?.();

function App(): ReactNode {
  const [open, setOpen] = useState(true);
  const [count, setCount] = useState(0);
  return (
    <main>
      <h1>Somebody's app</h1>
      <button type="button" onClick={() => setCount(count + 1)}>
        Pressed {count} times
      </button>
      <GenerationProgressModal open={open} title="Acme" run={run} onClose={() => setOpen(false)} />
    </main>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root.");
// The default writes what a boundary caught to the console.
createRoot(root, { onCaughtError: () => undefined }).render(<App />);
