/** One run, watched: its view, kept up to date by its stream of events for as long as somebody looks. */

import { ServerClock } from "./clock.ts";
import {
  CONNECTING,
  type Connection,
  type ConnectionOptions,
  Connector,
  FINISHED,
  type Verdict,
} from "./connection.ts";
import type { LogEvent, StreamFrame } from "./contract.ts";
import { fold, foldWorking } from "./fold.ts";
import type { Scheduler } from "./frame.ts";
import { createHttp, type Http, type HttpOptions } from "./http.ts";
import { Publisher, type Store } from "./publisher.ts";
import { fromSnapshot } from "./snapshot.ts";
import { ACCEPT_SSE, jsonIn, type SseMessage } from "./sse.ts";
import { hasEnded, opening, type RunView } from "./view.ts";
import type { RunBody } from "./wire.ts";

/** What the run is doing, and apart from it how our connection to it is doing. */
export interface RunState {
  readonly view: RunView;
  readonly connection: Connection;
}

/** A run to look at, live or replayed. */
export interface RunSource extends Store<RunState> {
  readonly runId: string;
  /** The run's own time in Unix ms: what durations that go on are counted by. */
  now(): number;
}

export interface RunStore extends RunSource {
  /** Connect anew at once: for a button. */
  reconnect(): void;
}

export interface RunStoreOptions extends HttpOptions, ConnectionOptions {
  runId: string;
  /** Where the events are; `/api/runs/{runId}/events` unless said otherwise. */
  url?: string;
  /** Instead of one made of the other options. */
  http?: Http | undefined;
  /** What is known already, to go on from. */
  view?: RunView;
  schedule?: Scheduler | undefined;
  lingerMs?: number | undefined;
}

/** While a step is at work, something is said every 2 s: text, or that there is none. */
const PATIENCE_MS = 3000;

export function createRunStore(options: RunStoreOptions): RunStore {
  return new LiveRun(options);
}

class LiveRun implements RunStore {
  readonly runId: string;
  readonly #publisher: Publisher<RunState>;
  readonly #clock = new ServerClock();
  readonly #http: Http;
  readonly #url: string;
  #connector: Connector | undefined;
  /** The end of the log when this connection was opened: what comes behind it is said just now. */
  #past = 0;
  #contradicted = false;

  constructor(options: RunStoreOptions) {
    const { runId, url = `/api/runs/${encodeURIComponent(runId)}/events`, http = createHttp(options) } = options;
    this.runId = runId;
    this.#url = url;
    this.#http = http;
    const view = options.view ?? opening(runId);
    const state = { view, connection: hasEnded(view) ? FINISHED : CONNECTING };
    this.#publisher = new Publisher<RunState>(state, { ...options, connect: () => this.#connect(options) });
  }

  getSnapshot = (): RunState => this.#publisher.getSnapshot();
  subscribe = (listener: () => void): (() => void) => this.#publisher.subscribe(listener);
  now = (): number => this.#clock.now();
  reconnect = (): void => this.#connector?.reconnect();

  #connect(options: ConnectionOptions): () => void {
    if (hasEnded(this.#view)) return () => undefined;
    const connector = new Connector(
      {
        open: (signal, timeoutMs) => this.#open(signal, timeoutMs),
        take: (messages) => this.#take(messages),
        nothingMore: () => this.#nothingMore(),
        tell: (connection) => this.#set({ connection }),
        patience: () => (this.#view.steps.some(({ status }) => status === "in_progress") ? PATIENCE_MS : undefined),
      },
      options,
    );
    this.#connector = connector;
    connector.start();
    return () => connector.stop();
  }

  get #view(): RunView {
    return this.#publisher.newest.view;
  }

  #set(change: Partial<RunState>): void {
    const { view, connection } = { ...this.#publisher.newest, ...change };
    const now = this.#publisher.newest;
    if (view !== now.view || connection !== now.connection) this.#publisher.set({ view, connection });
  }

  #open(signal: AbortSignal, timeoutMs: number): Promise<Response> {
    const headers = new Headers({ Accept: ACCEPT_SSE });
    if (this.#view.lastSeq) headers.set("Last-Event-ID", String(this.#view.lastSeq));
    return this.#http(this.#url, { headers, signal, timeoutMs, cache: "no-store" });
  }

  /** 204 is for a cursor at the last word. Where we have not seen one, our cursor is of some other history. */
  #nothingMore(): Verdict {
    if (hasEnded(this.#view)) return "finished";
    if (this.#contradicted) throw new Error("The server says that the run has ended, but not how.");
    this.#contradicted = true;
    this.#set({ view: opening(this.runId) });
    return "broken";
  }

  #take(messages: readonly SseMessage[]): Verdict {
    const before = this.#view.lastSeq;
    let view = this.#view;
    let whole = true;
    for (const message of messages) {
      const next = this.#after(view, message);
      whole = next !== undefined;
      if (!next) break;
      view = next;
      if (hasEnded(view)) break;
    }
    this.#set({ view });
    if (hasEnded(view)) return "finished";
    if (!whole) return "broken";
    return view.lastSeq === before ? "same" : "advanced";
  }

  /** The view after a message, or undefined when something is missing before it. */
  #after(view: RunView, { event: name, data }: SseMessage): RunView | undefined {
    const message = jsonIn(data);
    if (!message) return undefined;
    if (name !== undefined) return this.#afterFrame(view, message as StreamFrame);
    const event = message as LogEvent;
    if (event.seq <= view.lastSeq) return view;
    if (firstSeq(event) !== view.lastSeq + 1) return undefined;
    this.#clock.hear(event.ts, event.seq > this.#past);
    return fold(view, event);
  }

  #afterFrame(view: RunView, frame: StreamFrame): RunView {
    switch (frame.type) {
      case "stream_open":
        this.#past = frame.tail_seq;
        return view;
      case "working": {
        const startedAt = view.steps.find((step) => step.id === frame.step)?.startedAt;
        if (startedAt !== undefined) this.#clock.hear(startedAt + frame.elapsed_ms, true);
        return foldWorking(view, frame);
      }
      case "snapshot":
        return fromSnapshot(frame.run as unknown as RunBody, this.#clock.now());
      default:
        return view;
    }
  }
}

/** Adjacent pieces of text may be merged for a viewer who is slow: the `seq` is the last of those that are covered. */
function firstSeq(event: LogEvent): number {
  return event.type === "model_chunk" ? (event.data.covers?.[0] ?? event.seq) : event.seq;
}
