/** Which page an address means, and how to get to another one without loading everything anew. */

import { type ComponentProps, type MouseEvent, type ReactNode, useSyncExternalStore } from "react";

const CHANGED = "stepglass:navigate";
let moved = false;

/** Whether the page that is shown came in the place of another one: its reader is to go on reading there. */
export function hasMoved(): boolean {
  return moved;
}

/** The address without its origin, as `location` has it. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

export function usePlace(): Place {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  const [path = "/", search = ""] = address.split("?");
  return { path, query: new URLSearchParams(search) };
}

export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const before = location.pathname;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  window.dispatchEvent(new Event(CHANGED));
  if (location.pathname === before) return;
  moved ||= !replace;
  window.scrollTo(0, 0);
}

/** The present address with some of its query changed; undefined takes a name away. */
export function withQuery(query: URLSearchParams, change: Readonly<Record<string, string | undefined>>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) next.delete(name);
    else next.set(name, value);
  }
  return next.size ? `${location.pathname}?${next}` : location.pathname;
}

/** An address of ours, whatever comes behind its beginning: it has no scheme and names no other server. */
export type Path = `/${"batches" | "new" | "runs" | "stats"}${string}`;

export function Link({ href, onClick, ...rest }: ComponentProps<"a"> & { href: Path }): ReactNode {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (event.defaultPrevented || elsewhere) return;
    event.preventDefault();
    navigate(href);
  };
  return <a {...rest} href={href} onClick={follow} />;
}

function subscribe(listener: () => void): () => void {
  const back = (): void => {
    moved = true;
    listener();
  };
  window.addEventListener("popstate", back);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", back);
    window.removeEventListener(CHANGED, listener);
  };
}
