/** How a run is doing, in a word. */

import type { ReactNode } from "react";
import type { RunStatus } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import { Badge, type Tone } from "./badge.tsx";
import { Pulse } from "./pulse.tsx";

const TONES: Readonly<Record<RunStatus, Tone>> = {
  queued: "neutral",
  running: "accent",
  waiting: "warn",
  paused: "warn",
  complete: "good",
  error: "bad",
  cancelled: "neutral",
};

export function StatusBadge({ status }: { status: RunStatus }): ReactNode {
  const text = useText();
  return (
    <Badge tone={TONES[status]}>
      {status === "running" ? <Pulse /> : null}
      {text.runStatus[status]}
    </Badge>
  );
}
