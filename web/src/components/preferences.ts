/** What a viewer wants of the modal, remembered by the browser. */

import { useSyncExternalStore } from "react";

export interface Preferences {
  /** Go to the result by itself when the run is complete. */
  readonly autoOpen: boolean;
  readonly sound: boolean;
  readonly notify: boolean;
}

const KEY = "stepglass.preferences";
const DEFAULTS: Preferences = { autoOpen: true, sound: false, notify: false };
const listeners = new Set<() => void>();
let known: Preferences | undefined;

export function usePreferences(): [Preferences, (change: Partial<Preferences>) => void] {
  return [useSyncExternalStore(subscribe, preferences, () => DEFAULTS), change];
}

export function preferences(): Preferences {
  known ??= { ...DEFAULTS, ...stored() };
  return known;
}

function change(what: Partial<Preferences>): void {
  known = { ...preferences(), ...what };
  try {
    localStorage.setItem(KEY, JSON.stringify(known));
  } catch {
    // A browser that keeps nothing keeps it for this page, then.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  const elsewhere = (event: StorageEvent): void => {
    if (event.key !== KEY) return;
    known = undefined;
    listener();
  };
  listeners.add(listener);
  window.addEventListener("storage", elsewhere);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", elsewhere);
  };
}

function stored(): Partial<Preferences> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
