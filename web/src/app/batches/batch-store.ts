/** One batch, watched: how it stands, and its items, read from its log and kept up to date while somebody looks.
 *
 * It has a store of its own: the view of a run keeps all parts in one object, which is made anew with each of them, and
 * a batch has ten thousand.
 */

import { ServerClock } from "../../core/clock.ts";
import { CONNECTING, type Connection, type ConnectionOptions, Connector, type Verdict } from "../../core/connection.ts";
import type { LogEvent, StreamFrame } from "../../core/contract.ts";
import type { Scheduler } from "../../core/frame.ts";
import type { Http } from "../../core/http.ts";
import { Publisher, type Store } from "../../core/publisher.ts";
import { ACCEPT_SSE, jsonIn, type SseMessage } from "../../core/sse.ts";
import { type Batch, batchOf, fold, isOver } from "./batch.ts";
import { type Item, type Items, itemIn, keyIn } from "./items.ts";
import { addressOf, getBatch } from "./wire.ts";

export interface BatchState {
  /** Undefined until the API has told of it. */
  readonly batch: Batch | undefined;
  readonly items: Items;
  /** While the log is being read from its beginning: more items have ended than are here. */
  readonly reading: boolean;
  readonly connection: Connection;
}

export interface BatchStore extends Store<BatchState> {
  /** The server's time in Unix ms. */
  now(): number;
  reconnect(): void;
  /** Ask what the log does not tell: what it cost, and who does it again. Throws what `Http` throws. */
  refresh(signal?: AbortSignal): Promise<void>;
}

export interface BatchStoreOptions extends ConnectionOptions {
  http: Http;
  batchId: string;
  schedule?: Scheduler | undefined;
}

export function createBatchStore(options: BatchStoreOptions): BatchStore {
  return new LiveBatch(options);
}

class LiveBatch implements BatchStore {
  readonly #options: BatchStoreOptions;
  readonly #publisher: Publisher<BatchState>;
  readonly #clock = new ServerClock();
  #connector: Connector | undefined;
  #items = new Map<string, Item>();
  /** Where the reading of the log is, which may be behind what `batch` says. */
  #seq = 0;
  #past = 0;
  #contradicted = false;

  constructor(options: BatchStoreOptions) {
    this.#options = options;
    const empty: BatchState = {
      batch: undefined,
      items: { byKey: this.#items },
      reading: true,
      connection: CONNECTING,
    };
    this.#publisher = new Publisher<BatchState>(empty, { ...options, connect: () => this.#connect() });
  }

  getSnapshot = (): BatchState => this.#publisher.getSnapshot();
  subscribe = (listener: () => void): (() => void) => this.#publisher.subscribe(listener);
  now = (): number => this.#clock.now();
  reconnect = (): void => this.#connector?.reconnect();

  refresh = async (signal?: AbortSignal): Promise<void> => {
    const { http, batchId } = this.#options;
    const told = batchOf(await getBatch(http, batchId, signal), this.now());
    const { batch: known } = this.#publisher.newest;
    // Of two states the later one holds; what the log does not tell is new in any case.
    const { costUsd, costComplete, forks } = told;
    const batch = known && known.lastSeq > told.lastSeq ? { ...known, costUsd, costComplete, forks } : told;
    this.#set({ batch: { ...batch, cancelRequested: batch.cancelRequested || (known?.cancelRequested ?? false) } });
  };

  #connect(): () => void {
    const connector = new Connector(
      {
        open: (signal, timeoutMs) => this.#open(signal, timeoutMs),
        take: (messages) => this.#take(messages),
        nothingMore: () => this.#nothingMore(),
        tell: (connection) => this.#set({ connection }),
      },
      this.#options,
    );
    this.#connector = connector;
    connector.start();
    return () => connector.stop();
  }

  #set(change: Partial<BatchState>): void {
    this.#publisher.set({ ...this.#publisher.newest, ...change });
  }

  async #open(signal: AbortSignal, timeoutMs: number): Promise<Response> {
    const { http, batchId } = this.#options;
    if (!this.#publisher.newest.batch) await this.refresh(signal);
    const headers = new Headers({ Accept: ACCEPT_SSE });
    if (this.#seq) headers.set("Last-Event-ID", String(this.#seq));
    return http(`${addressOf(batchId)}/events`, { headers, signal, timeoutMs, cache: "no-store" });
  }

  /** There is no more behind our cursor. Where we have seen no last word, it is a cursor of some other history. */
  #nothingMore(): Verdict {
    const { batch } = this.#publisher.newest;
    if (batch && isOver(batch) && this.#seq >= batch.lastSeq) {
      this.#set({ reading: false });
      return "finished";
    }
    if (this.#contradicted) throw new Error("The server says that the batch has ended, but not how.");
    this.#contradicted = true;
    return this.#anew();
  }

  #anew(): Verdict {
    this.#items = new Map();
    this.#seq = 0;
    this.#set({ batch: undefined, items: { byKey: this.#items }, reading: true });
    return "broken";
  }

  #take(messages: readonly SseMessage[]): Verdict {
    const before = this.#seq;
    const { batch: known, items, reading: was } = this.#publisher.newest;
    const { batch, whole } = this.#read(known, messages);
    if (whole === undefined) return this.#anew();
    const moved = this.#seq !== before;
    const reading = this.#seq < this.#past;
    // The map itself is not copied for each of ten thousand items.
    if (moved || reading !== was) this.#set({ batch, reading, items: moved ? { byKey: this.#items } : items });
    if (batch && isOver(batch) && this.#seq >= batch.lastSeq) return "finished";
    if (!whole) return "broken";
    return moved ? "advanced" : "same";
  }

  /** `whole` is false where something is missing, and undefined where our cursor is of another history. */
  #read(
    batch: Batch | undefined,
    messages: readonly SseMessage[],
  ): { batch: Batch | undefined; whole: boolean | undefined } {
    for (const { event: name, data } of messages) {
      if (name === "stream_gap") return { batch, whole: undefined };
      const message = jsonIn(data);
      if (!message) return { batch, whole: false };
      if (name === "stream_open") this.#past = (message as StreamFrame & { tail_seq: number }).tail_seq;
      const event = message as LogEvent;
      if (name !== undefined || event.seq <= this.#seq) continue;
      if (event.seq !== this.#seq + 1) return { batch, whole: false };
      batch = this.#after(batch, event);
    }
    return { batch, whole: true };
  }

  #after(batch: Batch | undefined, event: LogEvent): Batch | undefined {
    this.#seq = event.seq;
    this.#clock.hear(event.ts, event.seq > this.#past);
    if (event.type === "partial") this.#keep(itemIn(event.data.path, event.data.value));
    else if (event.type === "partial_withdrawn") this.#items.delete(keyIn(event.data.path));
    return batch && event.seq > batch.lastSeq ? fold(batch, event) : batch;
  }

  /** An item may be told again: the last word counts, and stands where it was said. */
  #keep(item: Item | undefined): void {
    if (!item) return;
    this.#items.delete(item.key);
    this.#items.set(item.key, item);
  }
}
