/** The server's time, every second, for as long as something goes on. */

import { useEffect, useState } from "react";
import type { BatchStore } from "./batch-store.ts";

export function useNow(store: BatchStore, going: boolean): number {
  const [now, setNow] = useState(() => store.now());
  useEffect(() => {
    if (!going) return;
    setNow(store.now());
    const timer = setInterval(() => setNow(store.now()), 1000);
    return () => clearInterval(timer);
  }, [store, going]);
  return now;
}
