/** The items of a batch that have ended: all of them in memory, some of them looked at. */

import type { Problem } from "../../core/contract.ts";
import type { ItemBody } from "./wire.ts";

export interface Item {
  readonly key: string;
  /** Undefined where no run could be started. */
  readonly runId: string | undefined;
  readonly status: ItemBody["status"];
  /** An earlier batch of this name had done it. */
  readonly skipped: boolean;
  readonly problem: Problem | undefined;
}

export type Choice = "all" | "failed" | "cancelled" | "complete" | "skipped";
export const CHOICES: readonly Choice[] = ["all", "failed", "cancelled", "complete", "skipped"];

/** What is in it may become more: it is another object then, around the same map. */
export interface Items {
  /** In the order in which they ended. */
  readonly byKey: ReadonlyMap<string, Item>;
}

const PREFIX = "/items/";

/** What a part of the log says of an item; undefined for any other part. */
export function itemIn(path: string, value: unknown): Item | undefined {
  if (!path.startsWith(PREFIX) || typeof value !== "object" || value === null) return undefined;
  const { key, run_id, status, skipped, problem } = value as ItemBody;
  if (typeof key !== "string" || !["complete", "error", "cancelled"].includes(status)) return undefined;
  return { key, runId: run_id ?? undefined, status, skipped: skipped === true, problem: problem ?? undefined };
}

export function keyIn(path: string): string {
  return path.slice(PREFIX.length).replaceAll("~1", "/").replaceAll("~0", "~");
}

/** Failures first, then what was cancelled, then the rest; each in the order in which they ended, so that rows stay. */
export function chosen({ byKey }: Items, choice: Choice, search: string): readonly Item[] {
  const wanted = search.trim().toLocaleLowerCase();
  const kinds: Record<Item["status"], Item[]> = { error: [], cancelled: [], complete: [] };
  for (const item of byKey.values()) {
    if (isChosen(item, choice) && (!wanted || item.key.toLocaleLowerCase().includes(wanted))) {
      kinds[item.status].push(item);
    }
  }
  return [...kinds.error, ...kinds.cancelled, ...kinds.complete];
}

function isChosen(item: Item, choice: Choice): boolean {
  switch (choice) {
    case "failed":
      return item.status === "error";
    case "skipped":
      return item.skipped;
    case "all":
      return true;
    default:
      return item.status === choice;
  }
}

export interface Reason {
  readonly title: string;
  readonly detail: string;
  readonly items: number;
}

/** Why items failed, what most of them failed of first. Of each reason the detail of the first is told. */
export function reasonsOf({ byKey }: Items): readonly Reason[] {
  const reasons = new Map<string, Reason>();
  for (const { status, problem } of byKey.values()) {
    if (status !== "error") continue;
    const { title = "", detail = "" } = problem ?? {};
    const known = reasons.get(title) ?? { title, detail, items: 0 };
    reasons.set(title, { ...known, items: known.items + 1 });
  }
  return [...reasons.values()].sort((one, other) => other.items - one.items);
}
