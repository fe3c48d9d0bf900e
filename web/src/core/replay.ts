/** A recorded run played again: the same events through the same fold, by a clock that can be sped up and moved. */

import { FINISHED, LIVE } from "./connection.ts";
import type { LogEvent } from "./contract.ts";
import { fold } from "./fold.ts";
import { nextFrame, type Scheduler } from "./frame.ts";
import { Publisher } from "./publisher.ts";
import type { RunSource, RunState } from "./store.ts";
import { opening, type RunView } from "./view.ts";

export interface ReplayState extends RunState {
  readonly playing: boolean;
  readonly speed: number;
  /** In ms of the run's own time, from its first event on. */
  readonly positionMs: number;
  readonly lengthMs: number;
}

export interface ReplayStore extends RunSource {
  getSnapshot(): ReplayState;
  play(): void;
  pause(): void;
  /** 1 is as fast as it was, 4 four times as fast. */
  setSpeed(speed: number): void;
  /** To a moment, back or forth; `lengthMs` is the end. */
  seek(positionMs: number): void;
}

export interface ReplayOptions {
  events: readonly LogEvent[];
  speed?: number;
  /** False waits for `play`. It plays only while somebody looks. */
  autoplay?: boolean;
  /** Wall time in ms. */
  clock?: () => number;
  schedule?: Scheduler;
}

export function createReplayStore(options: ReplayOptions): ReplayStore {
  return new Replay(options);
}

/** Events between two views that are kept for going back; views share what they have in common. */
const STRIDE = 250;
const AT_ONCE: Scheduler = (flush) => {
  flush();
  return () => undefined;
};

class Replay implements ReplayStore {
  readonly runId: string;
  readonly #events: readonly LogEvent[];
  /** When each event happens, in ms from the first; wall clocks step back, this does not. */
  readonly #due: readonly number[];
  readonly #clock: () => number;
  readonly #schedule: Scheduler;
  readonly #publisher: Publisher<ReplayState>;
  /** The view before event number `index * STRIDE`. */
  readonly #kept: RunView[];
  #folded = 0;
  #view: RunView;
  #watched = false;
  #ticked = 0;
  #cancel: (() => void) | undefined;

  constructor({ events, speed = 1, autoplay = true, clock = Date.now, schedule = nextFrame }: ReplayOptions) {
    this.runId = events[0]?.run_id ?? "";
    this.#events = events;
    this.#due = offsets(events);
    this.#clock = clock;
    this.#schedule = schedule;
    this.#view = opening(this.runId);
    this.#kept = [this.#view];
    const lengthMs = this.#due.at(-1) ?? 0;
    const state = { view: this.#view, connection: LIVE, playing: autoplay, speed, positionMs: 0, lengthMs };
    this.#publisher = new Publisher<ReplayState>(state, {
      schedule: AT_ONCE,
      connect: () => this.#watch(),
      lingerMs: 0,
    });
  }

  getSnapshot = (): ReplayState => this.#publisher.getSnapshot();
  subscribe = (listener: () => void): (() => void) => this.#publisher.subscribe(listener);
  now = (): number => (this.#events[0]?.ts ?? 0) + this.#state.positionMs;

  play = (): void => {
    const { positionMs, lengthMs } = this.#state;
    this.#move(positionMs >= lengthMs ? 0 : positionMs, { playing: true });
    this.#go();
  };

  pause = (): void => this.#move(this.#state.positionMs, { playing: false });

  setSpeed = (speed: number): void => this.#move(this.#state.positionMs, { speed });

  seek = (positionMs: number): void => this.#move(positionMs);

  get #state(): ReplayState {
    return this.#publisher.newest;
  }

  #watch(): () => void {
    this.#watched = true;
    this.#move(this.#state.positionMs);
    this.#go();
    return () => {
      this.#watched = false;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  #go(): void {
    if (!(this.#watched && this.#state.playing) || this.#cancel) return;
    this.#ticked = this.#clock();
    this.#cancel = this.#schedule(this.#tick);
  }

  #tick = (): void => {
    this.#cancel = undefined;
    if (!this.#state.playing) return;
    const passed = this.#clock() - this.#ticked;
    this.#move(this.#state.positionMs + passed * this.#state.speed);
    this.#go();
  };

  #move(to: number, change: Partial<ReplayState> = {}): void {
    const { lengthMs } = this.#state;
    const positionMs = Math.min(Math.max(0, to), lengthMs);
    this.#fold(positionMs);
    const done = this.#folded === this.#events.length;
    const playing = (change.playing ?? this.#state.playing) && !done;
    const connection = done ? FINISHED : LIVE;
    this.#publisher.set({ ...this.#state, ...change, positionMs, playing, connection, view: this.#view });
  }

  /** The view as it was at `positionMs`: from here on, or from the last kept view before it. */
  #fold(positionMs: number): void {
    const until = countUpTo(this.#due, positionMs);
    if (until < this.#folded) {
      const kept = Math.floor(until / STRIDE);
      this.#view = this.#kept[kept] ?? opening(this.runId);
      this.#folded = kept * STRIDE;
    }
    for (const event of this.#events.slice(this.#folded, until)) {
      this.#view = fold(this.#view, event);
      this.#folded += 1;
      if (this.#folded % STRIDE === 0) this.#kept[this.#folded / STRIDE] ??= this.#view;
    }
  }
}

function offsets(events: readonly LogEvent[]): number[] {
  const first = events[0]?.ts ?? 0;
  let latest = 0;
  return events.map((event) => {
    latest = Math.max(latest, event.ts - first);
    return latest;
  });
}

/** How many of the sorted `values` are at most `limit`. */
function countUpTo(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
