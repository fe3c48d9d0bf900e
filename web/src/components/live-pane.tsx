/** What one step writes, lane by lane; what it wrote in vain; and which parts of it hold already. */

import { type ReactNode, useMemo } from "react";
import type { Draft, StepView } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import { nameOf } from "../text/format.ts";
import css from "./live-pane.module.css";
import { Outline } from "./outline.tsx";
import { PartChips } from "./part-chips.tsx";
import { StickToBottom } from "./stick-to-bottom.tsx";
import { StreamingText } from "./streaming-text.tsx";
import { Withdrawn } from "./withdrawn.tsx";

export function LivePane({ step }: { step: StepView }): ReactNode {
  const text = useText();
  const writing = step.status === "in_progress";
  const holds = useMemo(() => new Set(Object.keys(step.partials)), [step.partials]);
  return (
    <>
      <PartChips parts={holds} />
      <StickToBottom key={step.id} label={text.live.text(step.label)} growing={writing}>
        <Withdrawn drafts={step.withdrawn} />
        <div className={css["lanes"]} data-count={Math.min(step.drafts.length, 3)}>
          {step.drafts.map((draft) => (
            <Lane key={keyOf(draft)} draft={draft} writing={writing} holds={holds} />
          ))}
        </div>
        {step.drafts.length ? null : <Nothing step={step} />}
      </StickToBottom>
    </>
  );
}

interface LaneProps {
  draft: Draft;
  writing: boolean;
  holds: ReadonlySet<string>;
}

function Lane({ draft, writing, holds }: LaneProps): ReactNode {
  const text = useText();
  const content = <StreamingText text={draft.text.toString()} streaming={writing} holds={holds} />;
  if (draft.lane === undefined) return content;
  return (
    <article className={css["lane"]}>
      <h4>{nameOf(text, draft.lane)}</h4>
      {content}
    </article>
  );
}

/** A step that wrote nothing that we saw: its result, or why there is none. */
function Nothing({ step }: { step: StepView }): ReactNode {
  const { live, step: words } = useText();
  if (step.status === "complete" && step.result !== undefined) return <Outline value={step.result} />;
  const pending = step.status === "pending";
  const said = pending ? words.upNext : step.status === "in_progress" ? live.nothing : live.noText;
  return <p className={css["nothing"]}>{said}</p>;
}

function keyOf(draft: Draft): string {
  return `${draft.owner}/${draft.lane ?? ""}/${draft.round ?? ""}/${draft.attempt}`;
}
