/** Whether the browser has a network. */

import { useSyncExternalStore } from "react";
import { browserPresence } from "../../core/presence.ts";

export function useOnline(): boolean {
  return useSyncExternalStore(subscribe, browserPresence.online);
}

function subscribe(listener: () => void): () => void {
  return browserPresence.watch(listener);
}
