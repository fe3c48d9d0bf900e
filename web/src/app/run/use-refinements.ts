/** The refinements of this framework that somebody has still to decide on, and what may be done with them. */

import { useState } from "react";
import { SECTIONS, type SectionName } from "../../components/vision.ts";
import { useClient } from "../../react/context.tsx";
import type { Document } from "../../react/use-document.ts";
import { type Asked, useAsked } from "./use-asked.ts";

export interface Refinements {
  /** One for each section at most. */
  readonly open: readonly Asked[];
  of(section: SectionName): Asked | undefined;
  add(asked: Asked): void;
  /** It is decided: accepted, or left. */
  drop(runIds: readonly string[]): void;
  /** Do not write it after all. */
  stop(runIds: readonly string[]): void;
}

/** Those asked for here, and those that are under way and were asked for by somebody else, or in another tab. */
export function useRefinements(runId: string, document: Document): Refinements {
  const { api } = useClient();
  const { asked, add, drop } = useAsked(runId);
  const [decided, decide] = useState<readonly string[]>([]);
  const open = [...asked];
  for (const { runId: run, section } of document.refining) {
    const name = SECTIONS.find((each) => each === section);
    const known = open.some((each) => each.runId === run || each.section === section);
    if (name && !known && !decided.includes(run)) open.push({ runId: run, section: name, together: false });
  }
  const leave = (runIds: readonly string[]): void => {
    decide((now) => [...now, ...runIds]);
    drop(runIds);
  };
  const stop = (runIds: readonly string[]): void => {
    leave(runIds);
    // One that has ended meanwhile, or whose server is away, is left all the same.
    for (const run of runIds) void api.cancelRun(run).catch(() => undefined);
  };
  return { open, of: (section) => open.find((each) => each.section === section), add, drop: leave, stop };
}
