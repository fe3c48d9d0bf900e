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

/** A frame beside the feed: there is no such run any more. Its `cursor` is not where the feed is. */
interface RunLeft {
  readonly type: "run_left";
  readonly run_id: string;
}

type Change = RunBody | RunLeft;

export interface RunsState {
  /** Newest first, without texts and results. */
  readonly runs: readonly RunView[];
  /** Whether there are older ones to be loaded. */
  readonly more: boolean;
  /** False until the first page is there. */
  readonly loaded: boolean;
  /** While older ones are on their way. */
  readonly loadingMore: boolean;
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
  /** Runs that are kept, however many begin; more, if somebody asks for older ones. */
  room?: number;
  http?: Http | undefined;
  schedule?: Scheduler | undefined;
  lingerMs?: number | undefined;
}

const ROOM = 500;
/** So many pages without anything that is wanted, and whoever looks is asked whether to go on. */
const PAGES = 10;

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
  /** What the feed goes on from: that of the first page, until the feed moves it. Undefined: look at the list anew. */
  #cursor: number | undefined;
  #room: number;
  /** Pages that are on their way, each with what changed meanwhile, and may not be in it. */
  #loading = new Set<Change[]>();

  constructor(options: RunsStoreOptions) {
    this.#options = options;
    this.#http = options.http ?? createHttp(options);
    this.#api = createApi(this.#http);
    this.#room = options.room ?? ROOM;
    const nothing = { runs: [], more: false, loaded: false, loadingMore: false, problem: undefined };
    const empty: RunsState = { ...nothing, connection: CONNECTING };
    this.#publisher = new Publisher<RunsState>(empty, { ...options, connect: () => this.#connect() });
  }

  getSnapshot = (): RunsState => this.#publisher.getSnapshot();
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

  #set(change: Partial<RunsState>): void {
    this.#publisher.set({ ...this.#publisher.newest, ...change });
  }

  /** The first page, if there is none that holds; then what changed since it was read, and what changes. */
  async #open(signal: AbortSignal, timeoutMs: number): Promise<Response> {
    if (this.#cursor === undefined) await this.#load(undefined, signal);
    const headers = new Headers({ Accept: ACCEPT_SSE, "Last-Event-ID": String(this.#cursor) });
    return this.#http("/api/runs/events", { headers, signal, timeoutMs, cache: "no-store" });
  }

  #take(messages: readonly SseMessage[]): Verdict {
    const before = this.#cursor;
    for (const { event: name, data } of messages) {
      if (name === "stream_gap") {
        this.#cursor = undefined;
        return "broken";
      }
      if (name && name !== "run_left") continue;
      const message = jsonIn(data) as RunChanged | RunLeft | { type: ""; cursor: number } | undefined;
      if (!message) return "broken";
      if (message.type === "run_left") {
        this.#changed(message);
        this.#show();
        continue;
      }
      if (message.type) this.#changed(message.run);
      this.#cursor = message.cursor;
    }
    if (this.#cursor === before) return "same";
    this.#show();
    return "advanced";
  }

  #changed(run: Change): void {
    for (const meanwhile of this.#loading) meanwhile.push(run);
    const oldest = this.#next === undefined ? "" : this.#next;
    // An older run than those on the pages so far comes with its page.
    if (run.run_id >= oldest) this.#merge(run);
  }

  /** Of two states of a run the later one holds, whichever way it came. */
  #merge(run: Change): void {
    if ("type" in run) {
      this.#runs.delete(run.run_id);
      return;
    }
    const known = this.#runs.get(run.run_id);
    if (known && known.lastSeq > run.tail_seq) return;
    if (isWanted(run, this.#options.filter)) this.#runs.set(run.run_id, fromSnapshot(run));
    else this.#runs.delete(run.run_id);
  }

  #show(change: Partial<RunsState> = {}): void {
    // Ids are UUIDv7: in the order of their time.
    const newest = [...this.#runs].sort(([one], [other]) => (one < other ? 1 : -1));
    const left = newest.splice(this.#room);
    // What there is no room for any more is on a page that may be asked for.
    if (left.length) this.#next = newest.at(-1)?.[0];
    this.#runs = new Map(newest);
    this.#set({ runs: [...this.#runs.values()], more: this.#next !== undefined, ...change });
  }

  /** A page; and the next ones, for as long as nothing on them is wanted. Throws what the API does. */
  async #load(from: string | undefined, signal?: AbortSignal): Promise<void> {
    const meanwhile: Change[] = [];
    this.#loading.add(meanwhile);
    try {
      let found = await this.#page(from, meanwhile, signal);
      for (let pages = 1; !found && this.#next !== undefined && pages < PAGES; pages += 1) {
        found = await this.#page(this.#next, meanwhile, signal);
      }
      // For what somebody asked for there is room.
      if (from !== undefined) this.#room = Math.max(this.#room, this.#runs.size);
      this.#show({ loaded: true, problem: undefined });
    } catch (error) {
      if (error instanceof RequestError && !signal?.aborted) this.#set({ problem: error.problem });
      throw error;
    } finally {
      this.#loading.delete(meanwhile);
    }
  }

  /** One page, behind `after`. Gives how many runs on it are wanted. */
  async #page(after: string | undefined, meanwhile: readonly Change[], signal?: AbortSignal): Promise<number> {
    const { filter = {}, pageSize: limit = 50 } = this.#options;
    const { without: _, ...asked } = filter;
    const page = await this.#api.listRuns({ ...asked, limit, ...(after === undefined ? {} : { after }) }, signal);
    signal?.throwIfAborted();
    if (after === undefined) {
      this.#runs.clear();
      this.#cursor = page.cursor;
    }
    const next = page.nextAfter;
    this.#next = next;
    const later = meanwhile.filter(({ run_id }) => next === undefined || run_id >= next);
    for (const run of [...page.runs, ...later]) this.#merge(run);
    return page.runs.filter((run) => isWanted(run, filter)).length;
  }
}

function isWanted(run: RunBody, { status, pipeline, without }: RunsFilter = {}): boolean {
  return (!status || run.status === status) && (!pipeline || run.pipeline === pipeline) && run.pipeline !== without;
}
