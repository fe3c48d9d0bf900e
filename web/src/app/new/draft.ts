/** What was written in the wizard, kept by the browser a moment after every change. */

import { useCallback, useEffect, useRef, useState } from "react";
import { isObject } from "../../components/vision.ts";
import { keep, kept, storage } from "../stored.ts";
import type { Values } from "./fields.ts";

export interface Draft {
  readonly values: Values;
  /** The page of the wizard that is open. */
  readonly page: number;
  /** When it was last kept, Unix ms; undefined when it has not been yet. */
  readonly savedAt: number | undefined;
  readonly pending: boolean;
  /** The browser refuses to keep anything. */
  readonly refused: boolean;
  change(values: Values): void;
  turn(page: number): void;
}

interface Stored {
  readonly values: Values;
  readonly page: number;
  readonly at: number;
}

const SOON_MS = 400;

export function useDraft(pipeline: string): Draft {
  const key = `stepglass.draft.${pipeline}`;
  const [draft, setDraft] = useState<Stored>(() => stored(key));
  const [savedAt, setSavedAt] = useState(draft.at || undefined);
  const [refused, refuse] = useState(false);
  const [pending, setPending] = useState(false);
  const unsaved = useRef<Stored>(undefined);

  const save = useCallback((): void => {
    if (!unsaved.current) return;
    const done = keep(storage("localStorage"), key, unsaved.current);
    if (done) setSavedAt(unsaved.current.at);
    refuse(!done);
    setPending(false);
    unsaved.current = undefined;
  }, [key]);

  useEffect(() => {
    unsaved.current = pending ? { ...draft, at: Date.now() } : undefined;
    if (!pending) return;
    const timer = setTimeout(save, SOON_MS);
    return () => clearTimeout(timer);
  }, [draft, pending, save]);

  useEffect(() => {
    // A page that goes away does so without waiting for a timer.
    window.addEventListener("pagehide", save);
    return () => {
      window.removeEventListener("pagehide", save);
      save();
    };
  }, [save]);

  const write = useCallback((change: Partial<Stored>): void => {
    setDraft((now) => ({ ...now, ...change }));
    setPending(true);
  }, []);

  return {
    ...{ values: draft.values, page: draft.page, savedAt, pending, refused },
    change: useCallback((values: Values) => write({ values }), [write]),
    turn: useCallback((page: number) => write({ page }), [write]),
  };
}

function stored(key: string): Stored {
  const found = kept(storage("localStorage"), key);
  if (!isObject(found)) return { values: {}, page: 0, at: 0 };
  const values = Object.entries(isObject(found["values"]) ? found["values"] : {});
  const texts = values.filter((each): each is [string, string] => typeof each[1] === "string");
  return { values: Object.fromEntries(texts), page: Number(found["page"] ?? 0) || 0, at: Number(found["at"] ?? 0) };
}

/** Answers to begin with, from elsewhere: the next wizard that opens shows them. */
export function prefill(pipeline: string, values: Values): void {
  keep(storage("localStorage"), `stepglass.draft.${pipeline}`, { values, page: 0, at: Date.now() });
}
