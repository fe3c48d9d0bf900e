/** Staying connected to a stream: opening it from where we are, noticing that it is gone, and coming back. */

import { backoff } from "./backoff.ts";
import type { Problem } from "./contract.ts";
import { ApiError, RequestError } from "./errors.ts";
import { browserPresence, type Presence } from "./presence.ts";
import { readSse, type SseMessage } from "./sse.ts";

/** How the stream is doing; how the run is doing is another thing. `inMs` until the next try. */
export type Connection =
  | { readonly status: "connecting" | "live" | "offline" | "finished" }
  | { readonly status: "reconnecting"; readonly attempt: number; readonly inMs: number }
  | { readonly status: "failed"; readonly problem: Problem };

export const CONNECTING: Connection = { status: "connecting" };
export const LIVE: Connection = { status: "live" };
export const OFFLINE: Connection = { status: "offline" };
export const FINISHED: Connection = { status: "finished" };

/** `advanced`: the cursor moved. `broken`: what came cannot be what follows; ask again from where we are. */
export type Verdict = "advanced" | "same" | "finished" | "broken";

/** What is listened to. */
export interface Feed {
  /** Ask for what is behind the cursor, as it is now, of a server that may take `timeoutMs` to begin its answer. */
  open(signal: AbortSignal, timeoutMs: number): Promise<Response>;
  take(messages: readonly SseMessage[]): Verdict;
  /** The server says that there is no more (204). */
  nothingMore(): Verdict;
  tell(connection: Connection): void;
  /** For how many ms the server may say nothing just now; undefined where it may be silent but for its pings. */
  patience?(): number | undefined;
}

export interface ConnectionOptions {
  presence?: Presence | undefined;
  random?: (() => number) | undefined;
}

/** The server pings every 15 s: after two of them are missing, nobody is there. */
const SILENCE_MS = 40_000;
const MISSED_PING_MS = 20_000;
/** Who all lost patience with the same server do not come back in the same moment. */
const SPREAD_MS = 1000;
const TICK_MS = 500;
const MOMENT_MS = 1000;
/** The first tries to open a stream are given up early: what they go through may be gone, and the next way open. */
const OPEN_MS = { first: 4000, more: 2000, most: 10_000 };
/** A tick that comes this late: the machine was asleep, and its connections are dead without knowing it. */
const ASLEEP_MS = 5000;

export class Connector {
  readonly #feed: Feed;
  readonly #presence: Presence;
  readonly #random: () => number;
  /** Aborted when nobody wants the stream any more, or when it came to its end. */
  #life = new AbortController();
  /** Aborted when this one connection, or this one pause, is to end at once. */
  #again = new AbortController();
  #wanted = false;
  #failures = 0;
  #heardAt = 0;
  #tickedAt = 0;
  #offlineAt = 0;
  #streaming = false;
  #spread = 0;
  /** How often in a row a new connection was as silent as the one before. */
  #silences = 0;

  constructor(feed: Feed, { presence = browserPresence, random = Math.random }: ConnectionOptions = {}) {
    this.#feed = feed;
    this.#presence = presence;
    this.#random = random;
  }

  start(): void {
    this.#wanted = true;
    this.#begin();
  }

  stop(): void {
    this.#wanted = false;
    this.#end();
  }

  /** Connect anew at once, whatever we were doing; also after a failure that was for good. */
  reconnect(): void {
    if (this.#life.signal.aborted && this.#wanted) this.#begin();
    else this.#again.abort();
  }

  #begin(): void {
    this.#life = new AbortController();
    this.#tickedAt = Date.now();
    const unwatch = this.#presence.watch((change) => this.#noticed(change));
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#life.signal.addEventListener("abort", () => {
      clearInterval(ticking);
      unwatch();
    });
    void this.#run(this.#life.signal);
  }

  #end(): void {
    this.#life.abort();
    this.#again.abort();
  }

  async #run(life: AbortSignal): Promise<void> {
    this.#feed.tell(CONNECTING);
    while (!life.aborted) {
      this.#again = new AbortController();
      const ending = await this.#once(this.#again.signal).catch((error: unknown) => this.#reason(error));
      if (life.aborted) return;
      this.#streaming = false;
      if (ending === "finished" || typeof ending === "object") {
        this.#feed.tell(ending === "finished" ? FINISHED : ending);
        this.#end();
      } else await this.#pause();
    }
  }

  /** One connection, to its end. */
  async #once(signal: AbortSignal): Promise<Verdict> {
    const timeoutMs = Math.min(OPEN_MS.most, OPEN_MS.first + OPEN_MS.more * this.#failures);
    const response = await this.#feed.open(signal, timeoutMs);
    if (response.status === 204) return this.#feed.nothingMore();
    const openedAt = Date.now();
    this.#heardAt = openedAt;
    this.#spread = this.#random() * SPREAD_MS;
    this.#streaming = true;
    for await (const messages of readSse(response)) {
      this.#heardAt = Date.now();
      // More than what every stream opens with: this one speaks.
      if (this.#heardAt - openedAt > MOMENT_MS) this.#silences = 0;
      const verdict = this.#feed.take(messages);
      if (verdict === "finished" || verdict === "broken") return verdict;
      if (verdict === "advanced") this.#failures = this.#silences = 0;
      // What comes in the moment of going offline was on its way already; what comes later says that we are not.
      if (this.#presence.online() || this.#heardAt - this.#offlineAt > MOMENT_MS) this.#feed.tell(LIVE);
    }
    // The server closed, or something in between did; only a last word would have ended it.
    return "broken";
  }

  #reason(error: unknown): Verdict | Connection {
    if (error instanceof ApiError && !error.passing) return { status: "failed", problem: error.problem };
    if (error instanceof RequestError || this.#again.signal.aborted) return "broken";
    // Ours: to come back to the same would only break again.
    const detail = error instanceof Error ? error.message : String(error);
    return { status: "failed", problem: { type: "/problems/unreadable", title: "The stream cannot be read", detail } };
  }

  /** Until it is time to try again, or somebody says that it is. */
  async #pause(): Promise<void> {
    // `reconnect` ended the connection: it is not a failure, and nothing is waited for.
    if (this.#again.signal.aborted) return;
    this.#failures += 1;
    const inMs = Math.round(backoff(this.#failures, this.#random));
    this.#lost(this.#failures, inMs);
    const { signal } = this.#again;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, inMs);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #noticed(change: "online" | "offline" | "shown" | "hidden"): void {
    const silent = Date.now() - this.#heardAt;
    // The page was away for long: what it was connected to may be gone without a word.
    if (change === "online" || (change === "shown" && (!this.#streaming || silent > MISSED_PING_MS))) this.#doubt();
    // A stream from the same machine goes on without a network: if something comes, we are live again.
    if (change === "offline") {
      this.#offlineAt = Date.now();
      this.#feed.tell(OFFLINE);
    }
    this.#tickedAt = Date.now();
  }

  #tick(): void {
    const now = Date.now();
    const hidden = this.#presence.hidden();
    const slept = now - this.#tickedAt > ASLEEP_MS && !hidden;
    const silent = now - this.#heardAt > this.#patience(hidden) + this.#spread;
    this.#tickedAt = now;
    if (!(this.#streaming && (slept || silent))) return;
    this.#silences += 1;
    this.#doubt();
  }

  /** Nobody is kept waiting by a page that is not seen; and where a new connection says no more, it is not that. */
  #patience(hidden: boolean): number {
    const wanted = hidden ? undefined : this.#feed.patience?.();
    return Math.min(SILENCE_MS, (wanted ?? SILENCE_MS) * 2 ** this.#silences);
  }

  /** Ask anew, and say so: what we are connected to may be dead without knowing it. */
  #doubt(): void {
    this.#streaming = false;
    this.#lost(this.#failures + 1, 0);
    this.reconnect();
  }

  #lost(attempt: number, inMs: number): void {
    this.#feed.tell(this.#presence.online() ? { status: "reconnecting", attempt, inMs } : OFFLINE);
  }
}
