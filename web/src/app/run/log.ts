/** Reading a run's log as lines of JSON, from where one is to its last word, however often the connection is lost. */

import type { LogEvent, Problem } from "../../core/contract.ts";
import { ApiError, RequestError } from "../../core/errors.ts";
import type { Http } from "../../core/http.ts";

const LAST: ReadonlySet<string | undefined> = new Set(["complete", "error", "cancelled"]);
const AGAIN_MS = 1500;

export interface LogReader {
  readonly events: readonly LogEvent[];
  /** Why it cannot be read, for now or for good. */
  readonly problem: Problem | undefined;
}

export function isWhole(events: readonly LogEvent[]): boolean {
  return LAST.has(events.at(-1)?.type);
}

/** What is read so far is in the reader; it ends with the last word, with `signal`, or where nobody may read it. */
export function readLog(http: Http, runId: string, signal: AbortSignal): LogReader {
  const events: LogEvent[] = [];
  const reader: { events: LogEvent[]; problem: Problem | undefined } = { events, problem: undefined };
  const once = async (): Promise<void> => {
    const headers = { Accept: "application/x-ndjson", "Last-Event-ID": String(events.at(-1)?.seq ?? 0) };
    const response = await http(`/api/runs/${encodeURIComponent(runId)}/events`, { headers, signal });
    for await (const event of eventsIn(response)) events.push(event);
  };
  const all = async (): Promise<void> => {
    while (!(signal.aborted || isWhole(events))) {
      const refused = await once().catch((error: unknown) => {
        if (signal.aborted) return true;
        if (error instanceof RequestError) reader.problem = error.problem;
        return error instanceof ApiError && !error.passing;
      });
      if (refused) return;
      if (!isWhole(events)) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  void all();
  return reader;
}

async function* eventsIn(response: Response): AsyncGenerator<LogEvent, void, void> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const whole = (rest + decoder.decode(read.value, { stream: true })).split("\n");
    rest = whole.pop() ?? "";
    for (const line of whole) {
      const event = line.trim() ? (JSON.parse(line) as LogEvent | { seq?: undefined }) : {};
      if (event.seq !== undefined) yield event;
    }
  }
}
