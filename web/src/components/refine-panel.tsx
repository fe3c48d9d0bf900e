/** One section written anew: asked for by a quick action or in one's own words, watched, and then taken or left. */

import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import type { Problem } from "../core/contract.ts";
import { sameJson } from "../core/same-json.ts";
import { hasEnded, type RunView } from "../core/view.ts";
import { type RunRef, useRun } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { nameOf } from "../text/format.ts";
import { Announcer } from "./announcer.tsx";
import { BeforeAfter } from "./before-after.tsx";
import { Button } from "./button.tsx";
import { ConnectionNotice } from "./connection-notice.tsx";
import { OverallProgress } from "./overall-progress.tsx";
import { ProblemPanel } from "./problem-panel.tsx";
import css from "./refine-panel.module.css";
import { refinedIn } from "./refined.ts";
import { idOf, RunBoundary } from "./run-boundary.tsx";
import { StreamingText } from "./streaming-text.tsx";
import type { Framework, SectionName } from "./vision.ts";

export const ACTIONS = ["more_specific", "more_concise", "different_angle", "add_detail", "regenerate"] as const;
export type QuickAction = (typeof ACTIONS)[number];
export type Wish = { readonly action: QuickAction } | { readonly instruction: string };

export interface RefinePanelProps {
  name: SectionName;
  /** The run that writes it anew, once there is one. */
  run?: RunRef | undefined;
  /** The section as it is now: what was written from another one does not fit it any more. */
  present?: Framework[SectionName] | undefined;
  pending?: boolean;
  problem?: Problem | undefined;
  onWish: (wish: Wish) => void;
  /** The new version is to be the framework's. */
  onAccept: (runId: string) => void;
  onDiscard: () => void;
  /** Do not write it after all. */
  onStop?: ((runId: string) => void) | undefined;
}

export function RefinePanel(props: RefinePanelProps): ReactNode {
  const text = useText();
  const { name, run, problem } = props;
  // Whoever asked for it here waits for it here; one that was found going on takes the focus from nobody.
  const [awaited] = useState(run === undefined);
  return (
    <section className={css["panel"]} aria-label={text.refine.title(nameOf(text, name))}>
      {problem ? <ProblemPanel problem={problem} /> : null}
      <RunBoundary runId={idOf(run)}>
        {run === undefined ? <Ask {...props} /> : <Watched {...props} run={run} awaited={awaited} />}
      </RunBoundary>
    </section>
  );
}

function Ask({ name, pending = false, onWish, onDiscard }: RefinePanelProps): ReactNode {
  const { refine, close } = useText();
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <>
      <div className={css["actions"]}>
        {ACTIONS.map((action, place) => (
          <Button
            key={action}
            ref={place === 0 ? first : null}
            size="small"
            disabled={pending}
            onClick={() => onWish({ action })}
          >
            {refine.actions[action]}
          </Button>
        ))}
      </div>
      <OwnWords key={name} pending={pending} onWish={onWish} />
      <Button className={css["close"]} look="quiet" size="small" icon="cross" bare onClick={onDiscard}>
        {close}
      </Button>
    </>
  );
}

const LIMIT = 1000;

function OwnWords({ pending, onWish }: { pending: boolean; onWish: (wish: Wish) => void }): ReactNode {
  const { refine, framework } = useText();
  const id = useId();
  const [words, setWords] = useState("");
  const length = [...words.trim()].length;
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (length && length <= LIMIT) onWish({ instruction: words.trim() });
  };
  return (
    <form className={css["own"]} onSubmit={send}>
      <label htmlFor={id}>{refine.own}</label>
      <textarea
        id={id}
        rows={2}
        value={words}
        placeholder={refine.ownHint}
        aria-invalid={length > LIMIT || undefined}
        onChange={(event) => setWords(event.target.value)}
      />
      <div className={css["send"]}>
        <span data-over={length > LIMIT || undefined}>{framework.characters(length, LIMIT)}</span>
        <Button look="primary" size="small" type="submit" disabled={pending || !length || length > LIMIT}>
          {refine.send}
        </Button>
      </div>
    </form>
  );
}

interface WatchedProps extends RefinePanelProps {
  run: RunRef;
  awaited: boolean;
}

function Watched({ run, ...props }: WatchedProps): ReactNode {
  const text = useText();
  const { view, connection } = useRun(run);
  const { name, onDiscard } = props;
  if (view.status === "complete") return <Outcome {...props} view={view} />;
  const unknown = connection.status === "failed" ? connection.problem : undefined;
  if (hasEnded(view) || unknown) {
    const unnamed = { type: "about:blank", title: text.runStatus[view.status], detail: "" };
    return (
      <ProblemPanel problem={unknown ?? view.problem ?? unnamed} calm={view.status === "cancelled"}>
        <Button size="small" onClick={onDiscard}>
          {text.close}
        </Button>
      </ProblemPanel>
    );
  }
  return (
    <div className={css["running"]}>
      <Announcer view={view} />
      <ConnectionNotice connection={connection} />
      <Going {...props} run={run} view={view} heading={text.refine.running(nameOf(text, name))} />
    </div>
  );
}

interface GoingProps extends WatchedProps {
  view: RunView;
  heading: string;
}

function Going({ run, awaited, view, heading, pending = false, onStop }: GoingProps): ReactNode {
  const { refine } = useText();
  const here = useRef<HTMLHeadingElement>(null);
  // The button that was pressed for it is gone.
  useEffect(() => {
    if (awaited && document.activeElement === document.body) here.current?.focus({ preventScroll: true });
  }, [awaited]);
  const step = view.steps.find((each) => each.drafts.length) ?? view.steps[0];
  const written = step?.drafts.map((draft) => draft.text.toString()).join("") ?? "";
  return (
    <>
      <div className={css["head"]}>
        <h3 ref={here} tabIndex={-1}>
          {heading}
        </h3>
        {onStop ? (
          <Button size="small" look="quiet" disabled={pending} onClick={() => onStop(view.runId)}>
            {refine.stop}
          </Button>
        ) : null}
      </div>
      <OverallProgress run={run} />
      {written ? <StreamingText text={written} streaming={step?.status !== "complete"} /> : null}
    </>
  );
}

function Outcome({ view, ...props }: Omit<WatchedProps, "run"> & { view: RunView }): ReactNode {
  const { name, awaited, present, pending = false, onAccept, onDiscard } = props;
  const text = useText();
  const { refine } = text;
  const ends = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { activeElement } = document;
    // Whoever is at something else meanwhile is left there.
    const idle = activeElement === document.body || ends.current?.parentElement?.contains(activeElement);
    if (awaited && idle) ends.current?.querySelector<HTMLElement>("button:last-child")?.focus({ preventScroll: true });
  }, [awaited]);
  const { before, after, scoreBefore, scoreAfter } = refinedIn(view.result);
  const stale = present !== undefined && !sameJson(before, present);
  const useless = stale || sameJson(before, after);
  return (
    <>
      <p className={css["ready"]} role="status">
        {stale ? refine.stale : refine.ready(nameOf(text, name))}
      </p>
      <BeforeAfter name={name} before={before} after={after} scoreBefore={scoreBefore} scoreAfter={scoreAfter} />
      <div ref={ends} className={css["ends"]}>
        <Button size="small" disabled={pending} onClick={onDiscard}>
          {useless ? text.close : refine.discard}
        </Button>
        {useless ? null : (
          <Button look="primary" size="small" disabled={pending} onClick={() => onAccept(view.runId)}>
            {refine.accept}
          </Button>
        )}
      </div>
    </>
  );
}
