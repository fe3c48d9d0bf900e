/** A framework, section by section, each with its score and the reasons for it. */

import { type ReactNode, useId, useState } from "react";
import { useText } from "../text/context.tsx";
import { nameOf } from "../text/format.ts";
import { Button } from "./button.tsx";
import css from "./framework-view.module.css";
import { ScoreBadge } from "./score-badge.tsx";
import { Marks, Reasons } from "./score-card.tsx";
import { SectionValue } from "./section-value.tsx";
import { type Framework, type ScoreCardData, type Scores, SECTIONS, type SectionName } from "./vision.ts";

export interface FrameworkViewProps {
  framework: Partial<Framework>;
  scores?: Scores;
  /** What stands in place of a score where there is none. */
  unscored?: (name: SectionName) => ReactNode;
  /** What may be done with a section, beside its name. */
  actions?: (name: SectionName) => ReactNode;
  /** What stands in place of a section, while somebody writes in it; undefined leaves it as it is. */
  instead?: (name: SectionName) => ReactNode;
  /** What stands below a section. */
  below?: (name: SectionName) => ReactNode;
}

export function FrameworkView({ framework, ...rest }: FrameworkViewProps): ReactNode {
  return (
    <div className={css["framework"]}>
      {SECTIONS.map((name) => {
        const value = framework[name];
        return value === undefined ? null : <Section key={name} name={name} value={value} {...rest} />;
      })}
    </div>
  );
}

interface SectionProps extends Omit<FrameworkViewProps, "framework"> {
  name: SectionName;
  value: Framework[SectionName];
}

function Section({ name, value, scores, unscored, actions, instead, below }: SectionProps): ReactNode {
  const text = useText();
  const id = useId();
  const card = scores?.[name];
  return (
    <section className={css["section"]} aria-labelledby={id}>
      <header className={css["head"]}>
        <h2 id={id}>{nameOf(text, name)}</h2>
        {card ? <ScoreBadge card={card} /> : unscored?.(name)}
        <span className={css["actions"]}>{actions?.(name)}</span>
      </header>
      {instead?.(name) ?? (
        <div className={css["content"]}>
          <SectionValue name={name} value={value} />
          {card ? (
            <div className={css["marks"]}>
              <Marks card={card} />
            </div>
          ) : null}
        </div>
      )}
      {card ? <Why card={card} /> : null}
      {below?.(name)}
    </section>
  );
}

function Why({ card }: { card: ScoreCardData }): ReactNode {
  const { framework: words } = useText();
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <div className={css["why"]}>
      <Button
        look="quiet"
        size="small"
        icon={open ? "up" : "down"}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {words.reasons}
      </Button>
      {open ? (
        <div id={id} className={css["card"]}>
          <div className={css["within"]}>
            <Marks card={card} />
          </div>
          <Reasons card={card} />
        </div>
      ) : null}
    </div>
  );
}
