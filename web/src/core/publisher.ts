/** A value that many look at: changed as often as one likes, shown once per frame, kept up to date while somebody looks. */

import { nextFrame, type Scheduler } from "./frame.ts";

/** What `useSyncExternalStore` wants of a store. */
export interface Store<T> {
  getSnapshot(): T;
  /** Gives the way to stop listening. The first listener opens what the store lives on, the last one to go closes it. */
  subscribe(listener: () => void): () => void;
}

export interface PublisherOptions {
  schedule?: Scheduler | undefined;
  /** Called for the first listener; what it gives is called after the last has gone. */
  connect?: () => () => void;
  /** How long after the last listener has gone: one page that follows another finds the connection still there. */
  lingerMs?: number | undefined;
}

export class Publisher<T> implements Store<T> {
  #shown: T;
  #newest: T;
  #listeners = new Set<() => void>();
  #waiting = false;
  #callOff: (() => void) | undefined;
  #disconnect: (() => void) | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #options: PublisherOptions;

  constructor(initial: T, options: PublisherOptions) {
    this.#shown = initial;
    this.#newest = initial;
    this.#options = options;
  }

  /** What will be shown with the next frame. */
  get newest(): T {
    return this.#newest;
  }

  set(value: T): void {
    if (Object.is(value, this.#newest)) return;
    this.#newest = value;
    if (this.#waiting) return;
    this.#waiting = true;
    this.#callOff = (this.#options.schedule ?? nextFrame)(this.#show);
  }

  getSnapshot = (): T => this.#shown;

  subscribe = (listener: () => void): (() => void) => {
    // The same function may listen twice: what is kept is not the function.
    const own = (): void => listener();
    this.#listeners.add(own);
    clearTimeout(this.#leaving);
    this.#disconnect ??= this.#options.connect?.() ?? (() => undefined);
    return () => {
      if (this.#listeners.delete(own) && !this.#listeners.size) this.#leave();
    };
  };

  #show = (): void => {
    this.#waiting = false;
    if (Object.is(this.#shown, this.#newest)) return;
    this.#shown = this.#newest;
    for (const listener of [...this.#listeners]) listener();
  };

  #leave(): void {
    this.#leaving = setTimeout(() => {
      this.#disconnect?.();
      this.#disconnect = undefined;
      this.#callOff?.();
      this.#show();
    }, this.#options.lingerMs ?? 1000);
  }
}
