/** Keys for those who do not want to leave the keyboard, and the list of them. */

import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import css from "./shortcuts.module.css";
import type { AppText } from "./text/en.ts";
import { useAppText } from "./text/languages.tsx";

export type ShortcutName = "generate" | "next" | "back" | "list";

export interface Shortcut {
  readonly keys: ShortcutName;
  act(): void;
}

export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  // Before it is painted: what one sees can be pressed.
  useLayoutEffect(() => {
    latest.current = shortcuts;
  }, [shortcuts]);
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const name = event.defaultPrevented ? undefined : meant(event);
      const found = latest.current.find((shortcut) => shortcut.keys === name);
      // Under a dialog nothing happens that one does not see.
      if (!found || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      found.act();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

function meant(event: KeyboardEvent): ShortcutName | undefined {
  const { key, altKey, ctrlKey, metaKey } = event;
  if (key === "Enter" && (ctrlKey || metaKey)) return "generate";
  if (key === "ArrowRight" && altKey && !(ctrlKey || metaKey)) return "next";
  if (key === "ArrowLeft" && altKey && !(ctrlKey || metaKey)) return "back";
  return key === "?" && !isWriting(event.target) ? "list" : undefined;
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox], [type=range]), textarea, select");
}

export function ShortcutList({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const { shortcuts } = useAppText();
  const id = useId();
  return (
    <Dialog open={open} onDismiss={onClose} aria-labelledby={id}>
      <h2 id={id} className={css["title"]}>
        {shortcuts.title}
      </h2>
      <dl className={css["list"]}>
        {rows(shortcuts).map(([what, keys]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <div className={css["actions"]}>
        <Button onClick={onClose}>{shortcuts.close}</Button>
      </div>
    </Dialog>
  );
}

function rows({ keys, ...words }: AppText["shortcuts"]): [string, string[]][] {
  return [
    [words.generate, [keys.ctrl, keys.enter]],
    [words.next, [keys.alt, "→"]],
    [words.back, [keys.alt, "←"]],
    [words.undo, [keys.ctrl, "Z"]],
    [words.redo, [keys.ctrl, keys.shift, "Z"]],
    [words.list, ["?"]],
    [words.escape, [keys.escape]],
  ];
}
