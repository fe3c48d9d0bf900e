/**
 * Who leaves a run while it goes on: told to the server as the page goes away, and taken back when the tab is there
 * again. A page that goes away cannot know whether it is reloaded, kept by the browser, or gone for good: only what
 * comes after it can. The tab's own storage tells that apart: it outlives the page, and ends with the tab.
 */

import { ApiError } from "./errors.ts";
import type { Http } from "./http.ts";

const VIEWER = "stepglass.viewer";
const LEFT = "stepglass.left";

/** This page goes away, with a run before its viewer's eyes. Where nothing could take it back, nothing is said. */
export function leave(http: Http, runId: string): void {
  const storage = tab();
  const viewer = storage && viewerOf(storage);
  if (!(viewer && remember(storage, [...left(storage), runId]))) return;
  tell(http, runId, { viewer, at: Date.now() }).catch(() => undefined);
}

/** This tab is there again, on whatever page: it has left no run. */
export function comeBack(http: Http): void {
  const storage = tab();
  const runs = storage ? left(storage) : [];
  if (!(storage && runs.length)) return;
  remember(storage, []);
  const viewer = viewerOf(storage);
  for (const runId of runs) {
    // The word of leaving may still be on its way: by the time it tells, it is known for the earlier one.
    tell(http, runId, { viewer, back: true, at: Date.now() }).catch((error: unknown) => {
      // What the server refuses it will refuse again; where it did not answer, the next page asks.
      if (!(error instanceof ApiError) || error.passing) remember(storage, [...left(storage), runId]);
    });
  }
}

/** A string goes out as text/plain, which a page may send elsewhere without asking first: there is no time to ask. */
function tell(http: Http, runId: string, what: object): Promise<unknown> {
  const path = `/api/runs/${encodeURIComponent(runId)}/abandoned`;
  return http(path, { method: "POST", keepalive: true, body: JSON.stringify(what) });
}

/** Even to name it may be forbidden. */
function tab(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** The name of this tab, made up once. */
function viewerOf(storage: Storage): string | undefined {
  try {
    const known = storage.getItem(VIEWER);
    if (known !== null) return known;
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    const made = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    storage.setItem(VIEWER, made);
    return made;
  } catch {
    return undefined;
  }
}

function left(storage: Storage): string[] {
  try {
    const runs: unknown = JSON.parse(storage.getItem(LEFT) ?? "[]");
    return Array.isArray(runs) ? runs.filter((run) => typeof run === "string") : [];
  } catch {
    return [];
  }
}

function remember(storage: Storage, runs: readonly string[]): boolean {
  try {
    storage.setItem(LEFT, JSON.stringify([...new Set(runs)]));
    return true;
  } catch {
    return false;
  }
}
