/** What the core sees of a browser, as a test wants it to be. */

import type { Presence } from "../src/core/presence.ts";

type Change = "online" | "offline" | "shown" | "hidden";

export class TestPresence implements Presence {
  #online = true;
  #hidden = false;
  readonly #listeners = new Set<(change: Change) => void>();

  online = (): boolean => this.#online;
  hidden = (): boolean => this.#hidden;
  watch = (listener: (change: Change) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  becomes(change: Change): void {
    if (change === "online" || change === "offline") this.#online = change === "online";
    else this.#hidden = change === "hidden";
    for (const listener of [...this.#listeners]) listener(change);
  }

  get watched(): boolean {
    return this.#listeners.size > 0;
  }
}
