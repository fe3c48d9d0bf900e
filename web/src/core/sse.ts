/** Server-sent events out of a response, as they arrive: whatever one read of the network brings is one batch. */

import { createParser, type EventSourceMessage } from "eventsource-parser";
import { NoAnswer } from "./errors.ts";

export type SseMessage = EventSourceMessage;

export const ACCEPT_SSE = "text/event-stream";

/** Batches may be empty: a comment, or half a message, still says that somebody is there. Ends when the server closes. */
export async function* readSse(response: Response): AsyncGenerator<SseMessage[], void, void> {
  const type = response.headers.get("content-type") ?? "none";
  if (!(response.body && type.startsWith(ACCEPT_SSE))) {
    throw new NoAnswer(`A stream of ${ACCEPT_SSE} was expected, and the answer is of type ${type}.`);
  }
  let batch: SseMessage[] = [];
  const parser = createParser({ onEvent: (message) => batch.push(message) });
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  const next = (): ReturnType<typeof reader.read> =>
    reader.read().catch((error: unknown) => {
      throw new NoAnswer("The stream broke off.", { cause: error });
    });
  try {
    for (let read = await next(); !read.done; read = await next()) {
      parser.feed(decoder.decode(read.value, { stream: true }));
      yield batch;
      batch = [];
    }
  } finally {
    // Whoever stops listening closes the connection.
    await reader.cancel().catch(() => undefined);
  }
}

/** The JSON of a message's data; undefined for half of it, which something between us and the server may leave. */
export function jsonIn(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
