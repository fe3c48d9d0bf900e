/** A run's log written down: one event per line, as `GET /api/runs/{id}/events` gives it for `application/x-ndjson`. */

import type { LogEvent } from "./contract.ts";

/** The events of a transcript, in order. Control frames, which a recorded stream has too, are left out. */
export function parseTranscript(text: string): LogEvent[] {
  return text
    .split("\n")
    .filter((line) => line.trim())
    .map((line) => JSON.parse(line) as LogEvent | { seq?: undefined })
    .filter((event): event is LogEvent => event.seq !== undefined);
}
