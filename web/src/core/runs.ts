/** The list of runs, kept up to date: pages of `GET /api/runs`, and the changes that `GET /api/runs/events` tells. */

import { type Api, createApi, type RunsFilter } from "./api.ts";
import { CONNECTING, type Connection, type ConnectionOptions, Connector, type Verdict } from "./connection.ts";
import type { Problem } from "./contract.ts";
import { RequestError } from "./errors.ts";
import type { Scheduler } from "./frame.ts";
import { createHttp, type Http, type HttpOptions } from "./http.ts";
import { Publisher, type Store } from "./publisher.ts";
import { fromSnapshot } from "./snapshot.ts";
import { ACCEPT_SSE, jsonIn, type SseMessage } from "./sse.ts";
import type { RunView } from "./view.ts";
import type { RunBody, RunChanged } from "./wire.ts";

export interface RunsState {
  /** Newest first, without texts and results. */
  readonly runs: readonly RunView[];
  /** Whether there are older ones to be loaded. */
  readonly more: boolean;
  /** False until the first page is there. */
  readonly loaded: boolean;
  /** Why the last page could not be loaded. */
  readonly problem: Problem | undefined;
  readonly connection: Connection;
}

export interface RunsStore extends Store<RunsState> {
  /** One more page of older runs; what goes wrong with it is the state's `problem`. */
  loadMore(): Promise<void>;
  reconnect(): void;
}

export interface RunsStoreOptions extends HttpOptions, ConnectionOptions {
  filter?: RunsFilter | undefined;
  pageSize?: number;
  http?: Http | undefined;
  schedule?: Scheduler | undefined;
  lingerMs?: number | undefined;
}

export function createRunsStore(options: RunsStoreOptions = {}): RunsStore {
  return new LiveRuns(options);
}

class LiveRuns implements RunsStore {
  readonly #options: RunsStoreOptions;
  readonly #http: Http;
  readonly #api: Api;
  readonly #publisher: Publisher<RunsState>;
  #connector: Connector | undefined;
  #runs = new Map<string, RunView>();
  /** The `after` of the next page; undefined when there is none. */
  #next: string | undefined;
  #cursor = 0;
  /** The latest first page that was asked for: an older answer is of no use any more. */
  #refreshing: AbortController | undefined;
  /** What changed while that page was on its way, and may not be in it. */
  #meanwhile: RunBody[] = [];

  constructor(options: RunsStoreOptions) {
    this.#options = options;
    this.#http = options.http ?? createHttp(options);
    this.#api = createApi(this.#http);
    const empty = { runs: [], more: false, loaded: false, problem: undefined, connection: CONNECTING };
    this.#publisher = new Publisher<RunsState>(empty, { ...options, connect: () => this.#connect() });
  }

  getSnapshot = (): RunsState => this.#publisher.getSnapshot();
  subscribe = (listener: () => void): (() => void) => this.#publisher.subscribe(listener);
  reconnect = (): void => this.#connector?.reconnect();

  loadMore = async (): Promise<void> => {
    if (this.#next !== undefined) await this.#load(this.#next);
  };

  #connect(): () => void {
    const connector = new Connector(
      {
        open: (signal) => this.#open(signal),
        take: (messages) => this.#take(messages),
        nothingMore: () => "broken",
        tell: (connection) => this.#set({ connection }),
      },
      this.#options,
    );
    this.#connector = connector;
    connector.start();
    void this.#refresh();
    return () => {
      connector.stop();
      this.#refreshing?.abort();
    };
  }

  #set(change: Partial<RunsState>): void {
    this.#publisher.set({ ...this.#publisher.newest, ...change });
  }

  #open(signal: AbortSignal): Promise<Response> {
    const headers = new Headers({ Accept: ACCEPT_SSE });
    if (this.#cursor) headers.set("Last-Event-ID", String(this.#cursor));
    return this.#http("/api/runs/events", { headers, signal, cache: "no-store" });
  }

  #take(messages: readonly SseMessage[]): Verdict {
    const before = this.#cursor;
    for (const { event: name, data } of messages) {
      // Between a page and the beginning of a stream something may have changed: so look again.
      if (name === "stream_gap") this.#cursor = 0;
      if (name === "stream_gap" || (name === "stream_open" && !this.#cursor)) void this.#refresh();
      if (name !== undefined) continue;
      const message = jsonIn(data) as RunChanged | { type: ""; cursor: number } | undefined;
      if (!message) return "broken";
      if (message.type === "run_changed") this.#changed(message.run);
      this.#cursor = message.cursor;
    }
    if (this.#cursor === before) return "same";
    this.#show();
    return "advanced";
  }

  #changed(run: RunBody): void {
    if (this.#refreshing) this.#meanwhile.push(run);
    const oldest = this.#next === undefined ? "" : (this.#publisher.newest.runs.at(-1)?.runId ?? "");
    // An older run than those on the pages so far comes with its page.
    if (run.run_id >= oldest) this.#merge(run);
  }

  /** Of two states of a run the later one holds, whichever way it came. */
  #merge(run: RunBody): void {
    const known = this.#runs.get(run.run_id);
    if (known && known.lastSeq > run.tail_seq) return;
    const { status, pipeline } = this.#options.filter ?? {};
    const wanted = (!status || run.status === status) && (!pipeline || run.pipeline === pipeline);
    if (wanted) this.#runs.set(run.run_id, fromSnapshot(run));
    else this.#runs.delete(run.run_id);
  }

  #show(change: Partial<RunsState> = {}): void {
    // Ids are UUIDv7: in the order of their time.
    this.#runs = new Map([...this.#runs].sort(([one], [other]) => (one < other ? 1 : -1)));
    this.#set({ runs: [...this.#runs.values()], more: this.#next !== undefined, ...change });
  }

  /** The first page anew, with whatever changes while it is on its way. */
  async #refresh(): Promise<void> {
    this.#refreshing?.abort();
    const refreshing = new AbortController();
    this.#refreshing = refreshing;
    this.#meanwhile = [];
    await this.#load(undefined, refreshing.signal);
    if (this.#refreshing === refreshing) this.#refreshing = undefined;
  }

  async #load(after: string | undefined, signal?: AbortSignal): Promise<void> {
    const { filter, pageSize: limit = 50 } = this.#options;
    try {
      const page = await this.#api.listRuns({ ...filter, limit, ...(after === undefined ? {} : { after }) }, signal);
      if (signal?.aborted) return;
      if (after === undefined) this.#runs.clear();
      this.#next = page.nextAfter;
      for (const run of [...page.runs, ...(after === undefined ? this.#meanwhile : [])]) this.#merge(run);
      this.#show({ loaded: true, problem: undefined });
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof RequestError)) throw error;
      this.#set({ problem: error.problem });
    }
  }
}
