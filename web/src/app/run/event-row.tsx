/** One event in a line; all of it when somebody wants to know. */

import { type ReactNode, useState } from "react";
import type { LogEvent } from "../../core/contract.ts";
import css from "./events-tab.module.css";

export function EventRow({ event, since }: { event: LogEvent; since: number }): ReactNode {
  const [open, setOpen] = useState(false);
  const step = "step" in event ? [event.step, event.lane, event.attempt > 1 ? `#${event.attempt}` : ""] : [];
  return (
    <li className={css["event"]} data-type={event.type}>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={css["seq"]}>{event.seq}</span>
        <span className={css["time"]}>{((event.ts - since) / 1000).toFixed(2)}</span>
        <span className={css["type"]}>{event.type}</span>
        <span className={css["step"]}>{step.filter(Boolean).join(" ")}</span>
        <span className={css["what"]}>{sayEvent(event)}</span>
      </button>
      {open ? <pre>{JSON.stringify(event, null, 2)}</pre> : null}
    </li>
  );
}

function sayEvent(event: LogEvent): string {
  switch (event.type) {
    case "model_chunk":
      return event.data.text;
    case "partial":
    case "partial_withdrawn":
      return event.data.path;
    case "usage":
      return `${event.data.model}: ${event.data.input_tokens} + ${event.data.output_tokens}`;
    case "progress":
      return event.progress === undefined ? "" : `${event.progress}%`;
    default:
      return event.message ?? "";
  }
}
