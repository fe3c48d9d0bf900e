/** Light, dark, or as the system has it. */

import { useSyncExternalStore } from "react";
import { keep, kept, storage } from "./stored.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "stepglass.theme";
const listeners = new Set<() => void>();

export function theme(): Theme {
  const stored = kept(storage("localStorage"), KEY);
  return THEMES.find((each) => each === stored) ?? "system";
}

export function setTheme(next: Theme): void {
  keep(storage("localStorage"), KEY, next === "system" ? undefined : next);
  applyTheme();
  for (const listener of listeners) listener();
}

/** The colours follow `color-scheme`, which app.css sets by this attribute. */
export function applyTheme(): void {
  const now = theme();
  if (now === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = now;
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
