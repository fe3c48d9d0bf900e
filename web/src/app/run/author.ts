/** The name that a person gives themselves in histories: asked for once, kept by the browser, never required. */

import { useSyncExternalStore } from "react";
import { keep, kept, storage } from "../stored.ts";

const KEY = "stepglass.author";
/** As the server counts. */
export const LONGEST_NAME = 100;

export interface AuthorState {
  /** Empty for somebody who leaves it out, undefined before they were asked. */
  readonly name: string | undefined;
  /** Whether they are being asked. */
  readonly asking: boolean;
}

let state: AuthorState | undefined;
const answers: ((name: string) => void)[] = [];
const listeners = new Set<() => void>();

export function useAuthorState(): AuthorState {
  return useSyncExternalStore(subscribe, current);
}

/** The name to change something under. Whoever has not been asked yet is asked now. */
export async function authorName(): Promise<string | undefined> {
  const { name } = current();
  return (name ?? (await askForName())) || undefined;
}

export function askForName(): Promise<string> {
  show({ asking: true });
  return new Promise((resolve) => answers.push(resolve));
}

/** The answer, to all who wait for it. What nobody could read is left out of it. */
export function answerName(given: string): void {
  const printable = given.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const name = [...printable].slice(0, LONGEST_NAME).join("").trim();
  keep(storage("localStorage"), KEY, name);
  show({ name, asking: false });
  for (const resolve of answers.splice(0)) resolve(name);
}

/** Nothing is changed: the name that there was holds, or none. */
export function leaveName(): void {
  answerName(current().name ?? "");
}

function current(): AuthorState {
  state ??= { name: stored(), asking: false };
  return state;
}

function show(change: Partial<AuthorState>): void {
  state = { ...current(), ...change };
  for (const listener of listeners) listener();
}

function stored(): string | undefined {
  const name = kept(storage("localStorage"), KEY);
  return typeof name === "string" ? name : undefined;
}

function subscribe(listener: () => void): () => void {
  const elsewhere = (event: StorageEvent): void => {
    if (event.key === KEY) show({ name: stored() });
  };
  listeners.add(listener);
  window.addEventListener("storage", elsewhere);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", elsewhere);
  };
}
