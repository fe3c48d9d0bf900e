/** The moment after the last word of a run that went well. */

import { type ReactNode, useId } from "react";
import type { RunView } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import { duration, nameOf } from "../text/format.ts";
import css from "./completed.module.css";
import { Icon } from "./icon.tsx";
import { ScoreBadge } from "./score-badge.tsx";
import { scoresIn } from "./vision.ts";

export function Completed({ view }: { view: RunView }): ReactNode {
  const text = useText();
  const id = useId();
  const scores = Object.entries(scoresIn(view.result));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached without a mouse.
    <section className={css["completed"]} aria-labelledby={id} tabIndex={0}>
      <span className={css["mark"]}>
        <Icon name="check" size={34} />
      </span>
      <h3 id={id}>{text.modal.complete}</h3>
      <p>{text.modal.completeDetail(duration(text, view.durationMs ?? 0))}</p>
      {scores.length ? (
        <dl className={css["scores"]}>
          {scores.map(([name, card]) => (
            <div key={name}>
              <dt>{nameOf(text, name)}</dt>
              <dd>
                <ScoreBadge card={card} />
              </dd>
            </div>
          ))}
        </dl>
      ) : null}
    </section>
  );
}
