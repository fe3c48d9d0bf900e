/** The refinements that were asked for in this browser and are not decided yet, so that a reload loses none. */

import { useCallback, useEffect, useState } from "react";
import { isObject, SECTIONS, type SectionName } from "../../components/vision.ts";
import { keep, kept, storage } from "../stored.ts";

export interface Asked {
  /** The run that writes the section anew. */
  readonly runId: string;
  readonly section: SectionName;
  /** One of several that are decided on together. */
  readonly together: boolean;
}

export interface AskedList {
  readonly asked: readonly Asked[];
  add(asked: Asked): void;
  /** They are decided, one way or the other. */
  drop(runIds: readonly string[]): void;
}

export function useAsked(runId: string): AskedList {
  const key = `stepglass.refining.${runId}`;
  const [asked, setAsked] = useState(() => stored(key));
  useEffect(() => {
    const elsewhere = (event: StorageEvent): void => {
      if (event.key === key) setAsked(stored(key));
    };
    window.addEventListener("storage", elsewhere);
    return () => window.removeEventListener("storage", elsewhere);
  }, [key]);
  const change = useCallback(
    (make: (now: readonly Asked[]) => readonly Asked[]) =>
      setAsked((now) => {
        const next = make(now);
        keep(storage("localStorage"), key, next.length ? next : undefined);
        return next;
      }),
    [key],
  );
  return {
    asked,
    add: useCallback(
      (one: Asked) => change((now) => [...now.filter(({ section }) => section !== one.section), one]),
      [change],
    ),
    drop: useCallback(
      (runIds: readonly string[]) => change((now) => now.filter((each) => !runIds.includes(each.runId))),
      [change],
    ),
  };
}

function stored(key: string): readonly Asked[] {
  const found = kept(storage("localStorage"), key);
  if (!Array.isArray(found)) return [];
  return found.flatMap((each: unknown) => {
    if (!isObject(each)) return [];
    const { runId, section, together } = each;
    const known = SECTIONS.find((name) => name === section);
    return typeof runId === "string" && known ? [{ runId, section: known, together: together === true }] : [];
  });
}
