/** A JSON document for people, also while it is being written: its names are headings, its lists are lists. */

import { memo, type ReactNode } from "react";
import { useText } from "../text/context.tsx";
import { nameOf } from "../text/format.ts";
import { Icon } from "./icon.tsx";
import { Markdown } from "./markdown/markdown.tsx";
import css from "./outline.module.css";

export interface OutlineProps {
  value: unknown;
  /** JSON Pointers of the parts that are known to hold. */
  holds?: ReadonlySet<string>;
  unfinished?: boolean;
}

export function Outline({ value, holds, unfinished = false }: OutlineProps): ReactNode {
  if (!isObject(value)) return <Value value={value} />;
  const members = Object.entries(value);
  return (
    <div className={css["outline"]} data-unfinished={unfinished || undefined}>
      {members.map(([name, part], place) => (
        <Part
          key={name}
          name={name}
          value={part}
          holds={holds?.has(`/${name}`) ?? false}
          done={!unfinished || place < members.length - 1}
        />
      ))}
    </div>
  );
}

interface PartProps {
  name: string;
  value: unknown;
  holds: boolean;
  /** What is done does not change: while the rest is being written, it is not drawn again. */
  done: boolean;
}

const Part = memo(
  function Part({ name, value, holds }: PartProps): ReactNode {
    const text = useText();
    return (
      <section className={css["part"]} data-holds={holds || undefined}>
        <h4>
          {nameOf(text, name)}
          {holds ? (
            <span className={css["holds"]}>
              <Icon name="check" size={12} /> {text.live.holds}
            </span>
          ) : null}
        </h4>
        <Value value={value} />
      </section>
    );
  },
  (before, now) => before.done && now.done && before.holds === now.holds && before.name === now.name,
);

function Value({ value }: { value: unknown }): ReactNode {
  const { framework } = useText();
  if (Array.isArray(value)) {
    if (!value.length) return <p className={css["quiet"]}>{framework.empty}</p>;
    return (
      <ul>
        {value.map((item: unknown, place) => (
          <li key={String(place)}>{isObject(item) ? <Members object={item} /> : <Value value={item} />}</li>
        ))}
      </ul>
    );
  }
  if (isObject(value)) return <Members object={value} />;
  if (typeof value !== "string") return <p>{JSON.stringify(value)}</p>;
  return value.includes("\n") ? <Markdown text={value} /> : <p>{value}</p>;
}

/** The first member is what it is about, the others are said of it. */
function Members({ object }: { object: Readonly<Record<string, unknown>> }): ReactNode {
  const text = useText();
  const [first, ...others] = Object.entries(object);
  if (!first) return null;
  const rest = others.filter(([, value]) => !(Array.isArray(value) && !value.length));
  return (
    <>
      {typeof first[1] === "string" ? <p>{first[1]}</p> : null}
      <dl>
        {(typeof first[1] === "string" ? rest : [first, ...rest]).map(([name, value]) => (
          <div key={name}>
            <dt>{nameOf(text, name)}</dt>
            <dd>{typeof value === "object" ? <Value value={value} /> : String(value)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
