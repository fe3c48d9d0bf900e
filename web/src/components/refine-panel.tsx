/** One section written anew: asked for by a quick action or in one's own words, watched, and then taken or left. */

import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import type { Problem } from "../core/contract.ts";
import { hasEnded, type RunView } from "../core/view.ts";
import { type RunRef, useRun } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { nameOf } from "../text/format.ts";
import { BeforeAfter } from "./before-after.tsx";
import { Button } from "./button.tsx";
import { OverallProgress } from "./overall-progress.tsx";
import { ProblemPanel } from "./problem-panel.tsx";
import css from "./refine-panel.module.css";
import { StreamingText } from "./streaming-text.tsx";
import { type Framework, member, type ScoreCardData, type SectionName } from "./vision.ts";

export const ACTIONS = ["more_specific", "more_concise", "different_angle", "add_detail", "regenerate"] as const;
export type QuickAction = (typeof ACTIONS)[number];
export type Wish = { readonly action: QuickAction } | { readonly instruction: string };

export interface RefinePanelProps {
  name: SectionName;
  /** The run that writes it anew, once there is one. */
  run?: RunRef | undefined;
  pending?: boolean;
  problem?: Problem | undefined;
  onWish: (wish: Wish) => void;
  /** The new version is to be the framework's. */
  onAccept: (runId: string) => void;
  onDiscard: () => void;
}

export function RefinePanel(props: RefinePanelProps): ReactNode {
  const text = useText();
  const { name, run, problem } = props;
  return (
    <section className={css["panel"]} aria-label={text.refine.title(nameOf(text, name))}>
      {problem ? <ProblemPanel problem={problem} /> : null}
      {run === undefined ? <Ask {...props} /> : <Watched {...props} run={run} />}
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

function Watched({ run, ...props }: RefinePanelProps & { run: RunRef }): ReactNode {
  const text = useText();
  const view = useRun(run, (state) => state.view);
  const { name, onDiscard } = props;
  if (view.status === "complete") return <Outcome {...props} view={view} />;
  if (hasEnded(view)) {
    const unnamed = { type: "about:blank", title: text.runStatus[view.status], detail: "" };
    return (
      <ProblemPanel problem={view.problem ?? unnamed}>
        <Button size="small" onClick={onDiscard}>
          {text.close}
        </Button>
      </ProblemPanel>
    );
  }
  const step = view.steps.find((each) => each.drafts.length) ?? view.steps[0];
  const written = step?.drafts.map((draft) => draft.text.toString()).join("") ?? "";
  return (
    <div className={css["running"]}>
      <p role="status">{text.refine.running(nameOf(text, name))}</p>
      <OverallProgress run={run} />
      {written ? <StreamingText text={written} streaming /> : null}
    </div>
  );
}

function Outcome({
  name,
  view,
  pending = false,
  onAccept,
  onDiscard,
}: RefinePanelProps & { view: RunView }): ReactNode {
  const { refine } = useText();
  const accept = useRef<HTMLButtonElement>(null);
  useEffect(() => accept.current?.focus({ preventScroll: true }), []);
  const { result } = view;
  return (
    <>
      <BeforeAfter
        name={name}
        before={member(result, "before") as Framework[SectionName]}
        after={member(result, "after") as Framework[SectionName]}
        scoreBefore={member(result, "score_before") as ScoreCardData | undefined}
        scoreAfter={member(result, "score_after") as ScoreCardData | undefined}
      />
      <div className={css["ends"]}>
        <Button size="small" disabled={pending} onClick={onDiscard}>
          {refine.discard}
        </Button>
        <Button ref={accept} look="primary" size="small" disabled={pending} onClick={() => onAccept(view.runId)}>
          {refine.accept}
        </Button>
      </div>
    </>
  );
}
