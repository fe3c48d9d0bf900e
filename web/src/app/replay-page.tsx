/** `?replay=name`: a recorded run instead of a live one. It needs no server. */

import { type ReactNode, useEffect, useMemo, useState } from "react";
import type { LogEvent } from "../core/contract.ts";
import { foldAll } from "../core/fold.ts";
import { createReplayStore } from "../core/replay.ts";
import { opening } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import { nameOf } from "../text/format.ts";
import { Content } from "./content.tsx";
import { useGeneration } from "./generation.tsx";
import { recorded } from "./replay.ts";
import { Loaded } from "./run/run-page.tsx";
import { stillSource } from "./run/use-loaded-run.ts";
import { useAppText } from "./text/languages.tsx";

export function ReplayPage({ name, speed }: { name: string; speed: number }): ReactNode {
  const { loading } = useAppText();
  const [events, setEvents] = useState<readonly LogEvent[]>();
  useEffect(() => {
    let current = true;
    void recorded(name).then((found) => {
      if (current) setEvents(found);
    });
    return () => {
      current = false;
    };
  }, [name]);
  return events ? <Played events={events} speed={speed} /> : <Content role="status">{loading}</Content>;
}

function Played({ events, speed }: { events: readonly LogEvent[]; speed: number }): ReactNode {
  const text = useText();
  const { replay } = useGeneration();
  const run = useMemo(() => stillSource(foldAll(opening(events[0]?.run_id ?? ""), events)), [events]);
  const title = nameOf(text, run.getSnapshot().view.pipeline);
  // biome-ignore lint/correctness/useExhaustiveDependencies: shown once for a recording, whatever else changes.
  useEffect(() => replay(createReplayStore({ events, speed }), title), [events, speed]);
  return <Loaded run={run} input={undefined} events={events} />;
}
