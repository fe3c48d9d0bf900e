/** Markdown that grows, cut into blocks: what can no longer change is parsed once and stays the same object. */

import type { Token } from "marked";
import { lex } from "./lexer.ts";

/** A top-level piece of the document. `id` is where it begins: the same block, the same id. */
export interface Block {
  readonly id: number;
  readonly tokens: readonly Token[];
  /** Whether more text may still change it. */
  readonly open: boolean;
}

/** A block that does not end is cut here, so that no piece of text is parsed again and again for ever. */
const LONGEST = 8000;
/** Code and tables are cheap to parse, and their second half makes no sense without the first. */
const LONGEST_WHOLE = 64_000;
/** Parsed in one go. The parser's time grows with the square of some texts, and so must not be given all of a long one. */
const WINDOW = 16_000;

export class Blocks {
  #text = "";
  #settled: readonly Block[] = [];
  #from = 0;

  /** The blocks of `text`. Cheap when it is the text of the last call with more behind it. */
  read(text: string): readonly Block[] {
    if (!text.startsWith(this.#text)) {
      this.#settled = [];
      this.#from = 0;
    }
    this.#text = text;
    const settled: Block[] = [];
    const open = this.#settleUpTo(text, settled);
    if (settled.length) this.#settled = [...this.#settled, ...settled];
    return open ? [...this.#settled, open] : this.#settled;
  }

  /** Adds to `settled` what is done; gives what may go on. */
  #settleUpTo(text: string, settled: Block[]): Block | undefined {
    let window = WINDOW;
    for (;;) {
      const from = this.#from;
      const end = Math.min(text.length, from + window);
      const tokens = lex(text.slice(from, end));
      const last = lastBlock(tokens);
      // The last block may go on: a list gets items, a paragraph becomes a heading. Those before it are done.
      for (const token of tokens.slice(0, last)) settled.push(...this.#settle([token], token.raw.length));
      const open = tokens.slice(last);
      const longest = longestOf(open[0]);
      if (end - this.#from > longest) {
        const cut = cutOf(text.slice(this.#from, this.#from + longest));
        settled.push(...this.#settle(lex(cut), cut.length));
      } else if (end === text.length) {
        return open.length ? { id: this.#from, tokens: open, open: true } : undefined;
      }
      // Code that fills the window needs a larger one.
      window = this.#from === from ? window + WINDOW : WINDOW;
    }
  }

  #settle(tokens: readonly Token[], length: number): Block[] {
    const id = this.#from;
    this.#from += length;
    return tokens.every((token) => token.type === "space") ? [] : [{ id, tokens, open: false }];
  }
}

/** Carriage returns and tabs would make the tokens' lengths differ from the text's. */
export function plain(text: string): string {
  return /[\r\t]/.test(text) ? text.replaceAll("\r", "").replaceAll("\t", "    ") : text;
}

function lastBlock(tokens: readonly Token[]): number {
  const last = tokens.findLastIndex((token) => token.type !== "space");
  return last < 0 ? tokens.length : last;
}

function longestOf(block: Token | undefined): number {
  return block?.type === "code" || block?.type === "table" ? LONGEST_WHOLE : LONGEST;
}

/** As much of `text` as there are whole lines, or at least words. */
function cutOf(text: string): string {
  const end = text.lastIndexOf("\n") + 1 || text.lastIndexOf(" ") + 1 || text.length;
  return text.slice(0, end);
}
