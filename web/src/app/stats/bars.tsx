/** A bar for each day, of one part or of several on top of each other. Drawn in percent, so that it fits any width. */

import type { ReactNode } from "react";
import { useAppText } from "../text/languages.tsx";
import css from "./bars.module.css";

export interface BarsProps {
  title: string;
  /** What the parts of a bar are, from below. */
  parts?: readonly string[];
  days: readonly string[];
  /** For each day its parts. */
  bars: readonly (readonly number[])[];
  show: (value: number) => string;
  /** All of it in a sentence: the highest bar, and its day. */
  say: (most: string, day: string) => string;
}

const HEIGHT = 84;
const LABELS = 22;
/** Days are named at most so many times: more would run into each other on a phone. */
const NAMED = 4;

export function Bars({ title, parts = [], days, bars, show, say }: BarsProps): ReactNode {
  const { usage } = useAppText().stats;
  const sums = bars.map((each) => each.reduce((before, part) => before + part, 0));
  const most = Math.max(...sums);
  const label = say(show(most), days[sums.indexOf(most)] ?? "");
  return (
    <figure className={css["bars"]}>
      <figcaption>
        {title}
        {parts.map((part, place) => (
          <span key={part} className={css["part"]} data-part={place}>
            {part}
          </span>
        ))}
        <span className={css["most"]}>{usage.most(show(most))}</span>
      </figcaption>
      <svg role="img" aria-label={label} width="100%" height={HEIGHT + LABELS}>
        <line className={css["line"]} x1="0" x2="100%" y1="0.5" y2="0.5" data-top />
        <line className={css["line"]} x1="0" x2="100%" y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {bars.map((values, place) => (
          <g key={days[place]}>
            <title>{`${days[place]}: ${values.map((value, part) => `${show(value)} ${parts[part] ?? ""}`.trim()).join(", ")}`}</title>
            {/* Also where nothing is drawn there is something to point at. */}
            <rect className={css["ground"]} {...column(place, bars.length, 1)} y={0} height={HEIGHT} />
            {stacked(values, most).map(({ part, y, height }) => (
              <rect key={part} data-part={part} {...column(place, bars.length, 0.72)} y={y} height={height} rx={2} />
            ))}
          </g>
        ))}
        {named(days.length).map((place) => (
          <text
            key={place}
            x={percent((place + 0.5) / days.length)}
            y={HEIGHT + 16}
            textAnchor={anchor(place, days.length)}
          >
            {days[place]}
          </text>
        ))}
      </svg>
    </figure>
  );
}

function stacked(values: readonly number[], most: number): { part: number; y: number; height: number }[] {
  let below = 0;
  return values.flatMap((value, part) => {
    if (value <= 0) return [];
    // A little is not nothing.
    const height = Math.max(1.5, (value / most) * (HEIGHT - 6));
    below += height;
    return [{ part, y: HEIGHT - below, height }];
  });
}

function column(place: number, of: number, width: number): { x: string; width: string } {
  return { x: percent((place + (1 - width) / 2) / of), width: percent(width / of) };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}

/** The first and the last day, and some between them at equal distances. */
export function named(days: number): number[] {
  const count = Math.min(days, NAMED);
  const places = Array.from({ length: count }, (_, at) =>
    count === 1 ? 0 : Math.round((at * (days - 1)) / (count - 1)),
  );
  return [...new Set(places)];
}

function anchor(place: number, days: number): "start" | "middle" | "end" {
  // Of few days each has room enough for its name.
  if (days <= NAMED * 2) return "middle";
  return place === 0 ? "start" : place === days - 1 ? "end" : "middle";
}
