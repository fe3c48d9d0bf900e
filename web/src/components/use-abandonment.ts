/** Whoever leaves while a run is being shown to them is counted: how many do is how long is too long. */

import { useEffect } from "react";
import { useOptionalClient } from "../react/context.tsx";

/** Tells the server when the page goes away while `watching`. */
export function useAbandonment(runId: string, watching: boolean): void {
  const client = useOptionalClient();
  useEffect(() => {
    if (!(watching && client && runId)) return;
    const leave = (event: PageTransitionEvent): void => {
      // A page that the browser keeps may come back as it is.
      if (event.persisted) return;
      const path = `/api/runs/${encodeURIComponent(runId)}/abandoned`;
      void client.http(path, { method: "POST", keepalive: true }).catch(() => undefined);
    };
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, [client, runId, watching]);
}
