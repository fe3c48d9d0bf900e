/** When to ask anew for what others may change: when somebody comes back to it, and now and then while they look. */

import type { Presence } from "./presence.ts";

export interface Looking {
  /** At once, when somebody comes back to the page, and when the network is back. */
  come(): void;
  /** Every `everyMs` while the page is seen and there is a network. */
  stay(): void;
}

/** Gives the way to stop it. */
export function whileLookedAt(presence: Presence, everyMs: number, { come, stay }: Looking): () => void {
  const unwatch = presence.watch((change) => {
    if (change === "online" || change === "shown") come();
  });
  // A window may be seen all the time beside the one that somebody works in.
  globalThis.window?.addEventListener("focus", come);
  const asking = setInterval(() => {
    if (presence.online() && !presence.hidden()) stay();
  }, everyMs);
  come();
  return () => {
    clearInterval(asking);
    globalThis.window?.removeEventListener("focus", come);
    unwatch();
  };
}
