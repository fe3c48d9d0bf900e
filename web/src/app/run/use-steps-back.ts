/** Undo and redo: by button, by key, with a word about what was undone and the way back. */

import { useEffect, useRef } from "react";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { useAppText } from "../text/languages.tsx";
import { useToast } from "../toast.tsx";
import { actAsThing } from "./say-version.ts";

export interface StepsBack {
  undo(): void;
  redo(): void;
}

export function useStepsBack(document: Document): StepsBack {
  const text = useText();
  const app = useAppText();
  const toast = useToast();
  const { editing } = app;
  const latest = useRef<StepsBack>(undefined);
  const step = async (which: "undo" | "redo", other: { label: string; act(): void }): Promise<void> => {
    const { changing, document: now } = document;
    if (changing || !now) return;
    const possible = which === "undo" ? now.can_undo : now.can_redo;
    if (!possible) return toast({ words: which === "undo" ? editing.nothingToUndo : editing.nothingToRedo });
    const change = await document[which]();
    if (change.outrun) return toast({ words: editing.outrun });
    if (!change.done) return toast({ words: editing.failed(change.problem.title) });
    const what = actAsThing({ text, app }, change.act, change.done.sections);
    toast({ words: editing.told[which](what), action: other });
  };
  const steps: StepsBack = {
    // What a toast offers is done with the document as it is by then.
    undo: () => void step("undo", { label: text.redo, act: () => latest.current?.redo() }),
    redo: () => void step("redo", { label: text.undo, act: () => latest.current?.undo() }),
  };
  useEffect(() => {
    latest.current = steps;
  });
  useKeys(latest);
  return steps;
}

function useKeys(latest: { readonly current: StepsBack | undefined }): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      // Under a dialog nothing happens that one does not see.
      if (!isUndoing(event) || window.document.querySelector("dialog[open]")) return;
      event.preventDefault();
      if (event.shiftKey) latest.current?.redo();
      else latest.current?.undo();
    };
    window.document.addEventListener("keydown", pressed);
    return () => window.document.removeEventListener("keydown", pressed);
  }, [latest]);
}

function isUndoing(event: KeyboardEvent): boolean {
  const { key, ctrlKey, metaKey, altKey } = event;
  const meant = key.toLowerCase() === "z" && (ctrlKey || metaKey) && !altKey;
  return meant && !event.defaultPrevented && !isWriting(event.target);
}

/** There, the same keys undo what was typed. */
function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
