/** Small pictures, drawn in the colour of the words beside them. They say nothing by themselves. */

import type { ReactNode } from "react";
import css from "./icon.module.css";

const PATHS = {
  check: "M3.5 8.5 6.5 11.5 12.5 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  bang: "M8 4v4.8M8 11.6v.4",
  skip: "M4 8h8",
  clock: "M8 4.5V8l2.4 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z",
  again: "M12.8 6.2A5.2 5.2 0 1 0 13.2 9M13 3v3.4H9.6",
  down: "M4 6.5 8 10.5 12 6.5",
  up: "M4 9.5 8 5.5 12 9.5",
  left: "M9.5 4 5.5 8l4 4",
  right: "M6.5 4l4 4-4 4",
  toEnd: "M8 3v7.5M4.5 7.5 8 11l3.5-3.5M3.5 13.2h9",
  undo: "M5.5 3.5 2.5 6.5l3 3M2.8 6.5h6.4a3.6 3.6 0 0 1 0 7.2H6",
  redo: "M10.5 3.5l3 3-3 3M13.2 6.5H6.8a3.6 3.6 0 0 0 0 7.2H10",
  pencil: "M3 13l.6-2.8 7-7a1.4 1.4 0 0 1 2 2l-7 7L3 13Z",
  wand: "M3 13l7-7M8.6 7.4l-.9-.9M11.5 2v2.4M10.3 3.2h2.4M13 7.5v1.8M12.1 8.4h1.8M6 2.6v1.6M5.2 3.4h1.6",
  play: "M5 3.4v9.2l7.4-4.6L5 3.4Z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  end: "M3.5 3.5v9L9.5 8l-6-4.5ZM12.5 3.5v9",
  plus: "M8 3.5v9M3.5 8h9",
  trash: "M3.5 4.5h9M6.5 4.5V3h3v1.5M4.8 4.5l.5 8.5h5.4l.5-8.5",
  options: "M3 5h6M12 5h1M3 11h1M7 11h6M10.5 3.5v3M5.5 9.5v3",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.6v1.3M8 13.1v1.3M1.6 8h1.3M13.1 8h1.3M3.5 3.5l.9.9M11.6 11.6l.9.9M3.5 12.5l.9-.9M11.6 4.4l.9-.9",
  moon: "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z",
  system: "M2.5 3.5h11v7.5h-11zM6 13.5h4M8 11v2.5",
  keyboard: "M1.8 4.5h12.4v7H1.8zM4 7h.1M6.6 7h.1M9.2 7h.1M11.8 7h.1M5 9.4h6",
  download: "M8 2.5v8M4.8 7.4 8 10.6l3.2-3.2M3 13.2h10",
  link: "M6.5 9.5l3-3M7 4.6l1.2-1.2a2.6 2.6 0 0 1 3.7 3.7L10.8 8.3M9 11.4l-1.2 1.2a2.6 2.6 0 0 1-3.7-3.7L5.2 7.7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): ReactNode {
  return (
    <svg className={css["icon"]} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
