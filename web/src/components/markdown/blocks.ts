/** Markdown that grows, cut into blocks: what can no longer change is parsed once and stays the same object. */

import { Lexer, type Token } from "marked";

/** A top-level piece of the document. `id` is where it begins: the same block, the same id. */
export interface Block {
  readonly id: number;
  readonly tokens: readonly Token[];
  /** Whether more text may still change it. */
  readonly open: boolean;
}

/** A paragraph that does not end is cut here, so that no piece of text is parsed again and again for ever. */
const LONGEST = 8000;

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
    const tokens = lex(text.slice(this.#from));
    // The last block may go on: a list gets items, a paragraph becomes a heading. Those before it are done.
    const last = lastBlock(tokens);
    const settled = [...this.#settled];
    for (const token of tokens.slice(0, last)) {
      if (token.type !== "space") settled.push({ id: this.#from, tokens: [token], open: false });
      this.#from += token.raw.length;
    }
    this.#settled = settled.length === this.#settled.length ? this.#settled : settled;
    const rest = tokens.slice(last);
    const length = rest.reduce((sum, token) => sum + token.raw.length, 0);
    if (!length) return this.#settled;
    const open = { id: this.#from, tokens: rest, open: true };
    if (length > LONGEST) {
      this.#settled = [...this.#settled, { ...open, open: false }];
      this.#from = text.length;
      return this.#settled;
    }
    return [...this.#settled, open];
  }
}

/** Carriage returns and tabs would make the tokens' lengths differ from the text's. */
export function plain(text: string): string {
  return /[\r\t]/.test(text) ? text.replaceAll("\r", "").replaceAll("\t", "    ") : text;
}

function lex(text: string): Token[] {
  return new Lexer({ gfm: true, breaks: false }).lex(text);
}

function lastBlock(tokens: readonly Token[]): number {
  const last = tokens.findLastIndex((token) => token.type !== "space");
  return last < 0 ? tokens.length : last;
}
