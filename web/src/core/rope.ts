/** Text that grows: appending is O(1) and leaves what was there as it is; it becomes a string when somebody reads it. */

export class Rope {
  static readonly empty: Rope = new Rope(undefined, "");

  /** UTF-16 units, as of a string. */
  readonly length: number;
  #before: Rope | undefined;
  #piece: string;

  private constructor(before: Rope | undefined, piece: string) {
    this.#before = before;
    this.#piece = piece;
    this.length = (before?.length ?? 0) + piece.length;
  }

  static of(text: string): Rope {
    return text ? new Rope(undefined, text) : Rope.empty;
  }

  append(text: string): Rope {
    return text ? new Rope(this.length ? this : undefined, text) : this;
  }

  /** Joined once: later calls, and ropes that go on from here, start from the whole string. */
  toString(): string {
    if (this.#before) {
      const pieces: string[] = [];
      for (let rope: Rope | undefined = this; rope; rope = rope.#before) pieces.push(rope.#piece);
      this.#piece = pieces.reverse().join("");
      // What came before may go now, unless somebody else still shows it.
      this.#before = undefined;
    }
    return this.#piece;
  }

  toJSON(): string {
    return this.toString();
  }
}
