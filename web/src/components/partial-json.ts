/** JSON that is still being written, as far as it goes. */

type Json = unknown;

/** Deeper than this is nobody's document. */
const DEEPEST = 40;

/**
 * The value that `text` holds so far: strings may be cut, members that have no value yet are left out.
 * Undefined for text that is not JSON.
 */
export function partialJson(text: string): Json | undefined {
  const inside = text.replace(/^\s*```\w*\s*/, "");
  if (!/^\s*[[{]/.test(inside)) return undefined;
  try {
    return new Reader(inside).value(0);
  } catch {
    return undefined;
  }
}

class Reader {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Json | undefined {
    if (depth > DEEPEST) throw new SyntaxError("too deep");
    const next = this.#peek();
    if (next === "{") return this.#object(depth);
    if (next === "[") return this.#array(depth);
    if (next === '"') return this.#string().value;
    return this.#literal();
  }

  #peek(): string | undefined {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#text[this.#at];
  }

  #object(depth: number): Json {
    const object: Record<string, Json> = {};
    this.#at += 1;
    for (let next = this.#peek(); next !== undefined && next !== "}"; next = this.#peek()) {
      if (next === ",") {
        this.#at += 1;
        continue;
      }
      if (next !== '"') throw new SyntaxError("a name was expected");
      const name = this.#string();
      if (!name.closed || this.#peek() === undefined) return object;
      if (this.#peek() !== ":") throw new SyntaxError("a colon was expected");
      this.#at += 1;
      if (this.#peek() === undefined) return object;
      const value = this.value(depth + 1);
      // `__proto__` is a name like any other here.
      if (value !== undefined)
        Object.defineProperty(object, name.value, { value, enumerable: true, configurable: true });
    }
    this.#at += 1;
    return object;
  }

  #array(depth: number): Json {
    const array: Json[] = [];
    this.#at += 1;
    for (let next = this.#peek(); next !== undefined && next !== "]"; next = this.#peek()) {
      if (next === ",") {
        this.#at += 1;
        continue;
      }
      const value = this.value(depth + 1);
      if (value !== undefined) array.push(value);
    }
    this.#at += 1;
    return array;
  }

  #string(): { value: string; closed: boolean } {
    const from = this.#at;
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const next = this.#text[this.#at];
      if (next === "\\") this.#at += 1;
      else if (next === '"') {
        this.#at += 1;
        return { value: JSON.parse(this.#text.slice(from, this.#at)) as string, closed: true };
      }
    }
    const open = this.#text.slice(from).replace(/\\(u[\da-f]{0,3})?$/i, "");
    return { value: JSON.parse(`${open}"`) as string, closed: false };
  }

  /** A number that the text ends in may go on: it is not shown before it is certain. */
  #literal(): Json | undefined {
    const [word = ""] = /^[-+.\w]+/.exec(this.#text.slice(this.#at, this.#at + 60)) ?? [];
    if (!word) throw new SyntaxError("a value was expected");
    this.#at += word.length;
    if (this.#at >= this.#text.length) return undefined;
    return JSON.parse(word) as Json;
  }
}
