/** The API as a `fetch`: a run's log, served as the contract says, with ways to be unkind to whoever listens. */

import type { LogEvent } from "../src/core/contract.ts";

interface Stream {
  controller: ReadableStreamDefaultController<Uint8Array>;
  cursor: number;
  open: boolean;
}

export interface Asked {
  method: string;
  path: string;
  headers: Headers;
  body: string | undefined;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

const encoder = new TextEncoder();

export function frame(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

export function message(event: LogEvent): string {
  return `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
}

export function problem(status: number, title = "No", more: object = {}): Response {
  const body = { type: "/problems/test", title, detail: "As the test wants it.", status, ...more };
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/problem+json" } });
}

export class Server {
  log: LogEvent[];
  readonly asked: Asked[] = [];
  readonly streams: Stream[] = [];
  /** Answers to give before the usual one, one each. */
  readonly next: Answer[] = [];
  /** Addresses besides the run's events. */
  readonly routes = new Map<string, Answer>();

  constructor(log: LogEvent[] = []) {
    this.log = log;
  }

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const path = String(input);
    const body = typeof init.body === "string" ? init.body : undefined;
    const asked = { method: init.method ?? "GET", path, headers: new Headers(init.headers), body };
    this.asked.push(asked);
    init.signal?.throwIfAborted();
    const answer = this.next.shift() ?? this.routes.get(path.replace(/\?.*/, ""));
    const answering = answer ? answer(asked) : this.#events(asked, init.signal ?? undefined);
    return await abortable(answering, init.signal ?? undefined);
  };

  /** Streams that somebody still listens to. */
  get open(): Stream[] {
    return this.streams.filter((stream) => stream.open);
  }

  get cursors(): (string | null)[] {
    return this.asked.map(({ headers }) => headers.get("Last-Event-ID"));
  }

  /** Append to the log, and tell all who listen; the last word closes their streams. */
  say(...events: LogEvent[]): void {
    this.log.push(...events);
    for (const stream of this.open) this.#catchUp(stream);
  }

  /** Bytes as they are, to all who listen. */
  raw(text: string): void {
    for (const stream of this.open) stream.controller.enqueue(encoder.encode(text));
  }

  /** Close every stream, as a server that is stopped does. */
  close(): void {
    for (const stream of this.open) this.#end(stream);
  }

  /** Break every stream, as a network does. */
  drop(): void {
    for (const stream of this.open) {
      stream.open = false;
      stream.controller.error(new TypeError("network error"));
    }
  }

  #events(asked: Asked, signal: AbortSignal | undefined): Response {
    const cursor = Number(asked.headers.get("Last-Event-ID") ?? 0);
    const tail = this.log.at(-1);
    if (tail && isLast(tail) && cursor >= tail.seq) return new Response(null, { status: 204 });
    return this.stream(cursor, signal, `retry: 2000\n${frame("stream_open", this.#opened(cursor))}`);
  }

  #opened(cursor: number): object {
    const tail_seq = this.log.at(-1)?.seq ?? 0;
    return { mode: cursor < tail_seq ? "replay" : "live", oldest_seq: 1, tail_seq };
  }

  stream(cursor: number, signal: AbortSignal | undefined, first: string): Response {
    let stream: Stream | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const begun: Stream = { controller, cursor, open: true };
        stream = begun;
        this.streams.push(begun);
        controller.enqueue(encoder.encode(first));
        signal?.addEventListener("abort", () => {
          if (begun.open) controller.error(signal.reason);
          begun.open = false;
        });
        this.#catchUp(begun);
      },
      cancel: () => {
        if (stream) stream.open = false;
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
  }

  #catchUp(stream: Stream): void {
    for (const event of this.log.filter(({ seq }) => seq > stream.cursor)) {
      stream.controller.enqueue(encoder.encode(message(event)));
      stream.cursor = event.seq;
      if (isLast(event)) this.#end(stream);
    }
  }

  #end(stream: Stream): void {
    stream.open = false;
    stream.controller.close();
  }
}

function isLast(event: LogEvent): boolean {
  return event.type === "complete" || event.type === "error" || event.type === "cancelled";
}

function abortable(answering: Response | Promise<Response>, signal: AbortSignal | undefined): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
    Promise.resolve(answering).then(resolve, reject);
  });
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}
