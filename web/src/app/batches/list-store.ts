/** The list of batches, kept up to date: pages of `GET /api/batches`, and what the feed of all runs tells of theirs. */

import { CONNECTING, type Connection, type ConnectionOptions, Connector, type Verdict } from "../../core/connection.ts";
import type { Problem } from "../../core/contract.ts";
import { RequestError } from "../../core/errors.ts";
import type { Scheduler } from "../../core/frame.ts";
import type { Http } from "../../core/http.ts";
import { Publisher, type Store } from "../../core/publisher.ts";
import { ACCEPT_SSE, jsonIn, type SseMessage } from "../../core/sse.ts";
import type { RunBody } from "../../core/wire.ts";
import { type Summary, summaryOf, summaryOfRun } from "./batch.ts";
import { BATCH, getBatches } from "./wire.ts";

export interface ListState {
  /** Newest first. */
  readonly batches: readonly Summary[];
  /** Whether there are older ones to be loaded. */
  readonly more: boolean;
  readonly loaded: boolean;
  readonly loadingMore: boolean;
  readonly problem: Problem | undefined;
  readonly connection: Connection;
}

export interface ListStore extends Store<ListState> {
  loadMore(): Promise<void>;
  reconnect(): void;
}

export interface ListStoreOptions extends ConnectionOptions {
  http: Http;
  schedule?: Scheduler | undefined;
}

interface Message {
  readonly type: "run_changed" | "run_left" | "";
  readonly cursor: number;
  readonly run?: RunBody;
  readonly run_id?: string;
}

export function createListStore(options: ListStoreOptions): ListStore {
  return new LiveList(options);
}

class LiveList implements ListStore {
  readonly #options: ListStoreOptions;
  readonly #publisher: Publisher<ListState>;
  #connector: Connector | undefined;
  #batches = new Map<string, Summary>();
  /** The `after` of the next page. */
  #next: string | undefined;
  /** What the feed goes on from. Undefined: look at the list anew. */
  #cursor: number | undefined;

  constructor(options: ListStoreOptions) {
    this.#options = options;
    const nothing = { batches: [], more: false, loaded: false, loadingMore: false, problem: undefined };
    const empty: ListState = { ...nothing, connection: CONNECTING };
    this.#publisher = new Publisher<ListState>(empty, { ...options, connect: () => this.#connect() });
  }

  getSnapshot = (): ListState => this.#publisher.getSnapshot();
  subscribe = (listener: () => void): (() => void) => this.#publisher.subscribe(listener);
  reconnect = (): void => this.#connector?.reconnect();

  loadMore = async (): Promise<void> => {
    if (this.#next === undefined || this.#publisher.newest.loadingMore) return;
    this.#set({ loadingMore: true });
    // What goes wrong is in the state.
    await this.#load(this.#next).catch(() => undefined);
    this.#set({ loadingMore: false });
  };

  #connect(): () => void {
    const connector = new Connector(
      {
        open: (signal, timeoutMs) => this.#open(signal, timeoutMs),
        take: (messages) => this.#take(messages),
        nothingMore: () => "broken",
        tell: (connection) => this.#set({ connection }),
      },
      this.#options,
    );
    this.#connector = connector;
    connector.start();
    return () => connector.stop();
  }

  #set(change: Partial<ListState>): void {
    this.#publisher.set({ ...this.#publisher.newest, ...change });
  }

  async #open(signal: AbortSignal, timeoutMs: number): Promise<Response> {
    if (this.#cursor === undefined) await this.#load(undefined, signal);
    const headers = new Headers({ Accept: ACCEPT_SSE, "Last-Event-ID": String(this.#cursor) });
    return this.#options.http(`/api/runs/events?pipeline=${BATCH}`, { headers, signal, timeoutMs, cache: "no-store" });
  }

  #take(messages: readonly SseMessage[]): Verdict {
    const before = this.#cursor;
    for (const { event: name, data } of messages) {
      if (name === "stream_gap") {
        this.#cursor = undefined;
        return "broken";
      }
      if (name && name !== "run_left") continue;
      const message = jsonIn(data) as Message | undefined;
      if (!message) return "broken";
      this.#heard(message);
    }
    this.#show();
    return this.#cursor === before ? "same" : "advanced";
  }

  #heard({ type, cursor, run, run_id }: Message): void {
    // The `cursor` of a frame beside the feed is not where the feed is.
    if (type === "run_left") this.#batches.delete(run_id ?? "");
    else this.#cursor = cursor;
    // One that is older than the pages so far comes with its page.
    if (run && run.run_id >= (this.#next ?? "")) this.#merge(summaryOfRun(run, Date.now()));
  }

  /** Of two states of a batch the later one holds, whichever way it came. */
  #merge(summary: Summary): void {
    const known = this.#batches.get(summary.batchId);
    if (!known || known.lastSeq <= summary.lastSeq) this.#batches.set(summary.batchId, summary);
  }

  #show(change: Partial<ListState> = {}): void {
    // Ids are UUIDv7: in the order of their time.
    const newest = [...this.#batches.values()].sort((one, other) => (one.batchId < other.batchId ? 1 : -1));
    this.#set({ batches: newest, more: this.#next !== undefined, ...change });
  }

  async #load(after: string | undefined, signal?: AbortSignal): Promise<void> {
    try {
      const page = await getBatches(this.#options.http, after, signal);
      signal?.throwIfAborted();
      if (after === undefined) {
        this.#batches.clear();
        this.#cursor = page.cursor;
      }
      this.#next = page.next_after ?? undefined;
      for (const body of page.batches) this.#merge(summaryOf(body, Date.now()));
      this.#show({ loaded: true, problem: undefined });
    } catch (error) {
      if (error instanceof RequestError && !signal?.aborted) this.#set({ problem: error.problem });
      throw error;
    }
  }
}
