/** What time it is where the events come from: the viewer's clock may be wrong, and durations must not show it. */

export class ServerClock {
  #now: () => number;
  #lag: number | undefined;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Something was said at `ts`, Unix ms; `fresh` if it was said just now, and is not a piece of the past. */
  hear(ts: number, fresh: boolean): void {
    const lag = this.#now() - ts;
    // The quickest message comes closest to the truth. One from the future says that we are late, however old it is.
    if ((fresh || lag < 0) && (this.#lag === undefined || lag < this.#lag)) this.#lag = lag;
  }

  now(): number {
    return this.#now() - (this.#lag ?? 0);
  }
}
