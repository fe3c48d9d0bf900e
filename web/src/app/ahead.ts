/** The run of the page's address, asked for while the code of its page is still on its way. */

import type { Client } from "../core/client.ts";
import type { RunBody } from "../core/wire.ts";
import { BATCH } from "./batches/wire.ts";

export type LoadedBody = RunBody & {
  input?: Readonly<Record<string, unknown>>;
  /** The run that it is a part of, or works on. */
  about?: string | null;
};

/** For so long it may take until somebody looks at it. */
const KEPT_MS = 10_000;
const ENDED: ReadonlySet<string> = new Set(["complete", "error", "cancelled"]);

const ahead = new Map<string, Promise<LoadedBody>>();

/** What goes wrong is told to whoever asks for it then. */
export function askAhead(client: Client, runId: string): void {
  const asking = ask(client, runId);
  ahead.set(runId, asking);
  asking.then(
    ({ status, pipeline }) => {
      // The log of one that has ended is read by those who want to see it; a batch has a page of its own.
      const leave = ENDED.has(status) || pipeline === BATCH ? undefined : client.run(runId).subscribe(() => undefined);
      setTimeout(() => {
        ahead.delete(runId);
        leave?.();
      }, KEPT_MS);
    },
    () => undefined,
  );
}

/** As it is now; of one that was asked for ahead, once, as it was a moment ago. Throws what `Http` throws. */
export function loadRun(client: Client, runId: string, signal: AbortSignal): Promise<LoadedBody> {
  const asked = ahead.get(runId);
  ahead.delete(runId);
  return asked ?? ask(client, runId, signal);
}

async function ask({ http }: Client, runId: string, signal?: AbortSignal): Promise<LoadedBody> {
  const response = await http(`/api/runs/${encodeURIComponent(runId)}`, { signal: signal ?? null });
  return (await response.json()) as LoadedBody;
}
