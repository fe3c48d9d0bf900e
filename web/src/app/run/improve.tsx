/** Several weak sections written anew side by side: each with its own progress, and then one decision for all. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import { Button } from "../../components/button.tsx";
import { OverallProgress } from "../../components/overall-progress.tsx";
import type { RunState } from "../../core/store.ts";
import { hasEnded } from "../../core/view.ts";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./improve.module.css";
import { ImproveDialog } from "./improve-dialog.tsx";
import type { Asked } from "./use-asked.ts";
import type { Refinements } from "./use-refinements.ts";
import { useRunStates } from "./use-run-states.ts";

export interface ImproveProps {
  document: Document;
  present: DocumentBody;
  refinements: Refinements;
  /** Everything is decided, and what had the focus is gone. */
  onDecided: () => void;
}

export function Improve({ document, present, refinements, onDecided }: ImproveProps): ReactNode {
  const { improve: words } = useAppText().editing;
  const together = refinements.open.filter((each) => each.together);
  const states = useRunStates(together.map(({ runId }) => runId));
  const done = states.filter(isOver).length;
  const all = done === together.length;
  const [open, setOpen] = useOpened(together.length > 0, all);
  const ids = together.map(({ runId }) => runId);
  const decided = (runIds: readonly string[], stopped = false): void => {
    if (stopped) refinements.stop(runIds);
    else refinements.drop(runIds);
    if (runIds.length === ids.length) onDecided();
  };
  if (!together.length) return null;
  return (
    <section className={css["improve"]} aria-label={words.title(done, together.length)}>
      <header className={css["head"]}>
        <div>
          <div role="status">
            <h2>{all ? words.ready : words.title(done, together.length)}</h2>
          </div>
          <p>{words.note}</p>
        </div>
        <div className={css["ends"]}>
          <Button size="small" look="quiet" onClick={() => decided(ids, !all)}>
            {all ? words.leave : words.stopAll}
          </Button>
          {all ? (
            <Button size="small" look="primary" onClick={() => setOpen(true)}>
              {words.look}
            </Button>
          ) : null}
        </div>
      </header>
      <ul className={css["rows"]}>
        {together.map((asked, place) => (
          <Row key={asked.runId} asked={asked} state={states[place]} onStop={() => decided([asked.runId], true)} />
        ))}
      </ul>
      <ImproveDialog
        open={open}
        document={document}
        present={present}
        offers={together.map((asked, place) => ({
          ...asked,
          view: states[place]?.view,
          problem: problemOf(states[place]),
        }))}
        onClose={() => setOpen(false)}
        onDecided={decided}
      />
    </section>
  );
}

/** It opens by itself once, when the last one is ready while somebody waits for it. */
function useOpened(any: boolean, all: boolean): [boolean, (open: boolean) => void] {
  const [open, setOpen] = useState(false);
  const waiting = useRef(false);
  useEffect(() => {
    if (any && !all) waiting.current = true;
    if (!(any && all && waiting.current)) return;
    waiting.current = false;
    if (!window.document.querySelector("dialog[open]")) setOpen(true);
  }, [any, all]);
  return [open && any, setOpen];
}

interface RowProps {
  asked: Asked;
  state: RunState | undefined;
  onStop: () => void;
}

function Row({ asked, state, onStop }: RowProps): ReactNode {
  const text = useText();
  const { improve: words } = useAppText().editing;
  const over = isOver(state);
  const name = nameOf(text, asked.section);
  return (
    <li className={css["row"]}>
      <span className={css["name"]}>{name}</span>
      <OverallProgress run={asked.runId} />
      {over ? (
        <span className={css["outcome"]} data-bad={state?.view.status !== "complete" || undefined}>
          {state?.view.status === "complete"
            ? words.done
            : words[state?.view.status === "cancelled" ? "stopped" : "failed"]}
        </span>
      ) : (
        <Button size="small" look="quiet" icon="cross" bare onClick={onStop}>
          {`${words.stop}: ${name}`}
        </Button>
      )}
    </li>
  );
}

function isOver(state: RunState | undefined): boolean {
  return state !== undefined && (hasEnded(state.view) || state.connection.status === "failed");
}

function problemOf(state: RunState | undefined): RunState["view"]["problem"] {
  return state?.connection.status === "failed" ? state.connection.problem : state?.view.problem;
}
