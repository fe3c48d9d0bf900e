/** Whoever goes away while a run is being shown to them is counted: how many do tells how long is too long. */

import { useEffect } from "react";
import { leave } from "../core/leaving.ts";
import { useOptionalClient } from "../react/context.tsx";

/**
 * Tells the server when the page goes away while `watching`. To close what shows the run is not to leave it: it was
 * put in the background. The provider takes back what turns out to have been a reload or a page kept by the browser.
 */
export function useAbandonment(runId: string, watching: boolean): void {
  const client = useOptionalClient();
  useEffect(() => {
    if (!(watching && client && runId)) return;
    const gone = (): void => leave(client.http, runId);
    window.addEventListener("pagehide", gone);
    return () => window.removeEventListener("pagehide", gone);
  }, [client, runId, watching]);
}
