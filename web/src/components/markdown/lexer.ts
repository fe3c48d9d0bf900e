/** Markdown as tokens, for text that nobody has checked: no text makes this throw, nest deeply or take long. */

import { Lexer, type Token, Tokenizer, type Tokens, type TokensList } from "marked";

/** Quotes and lists inside one another. The marks of what is deeper are shown as they are written. */
const DEEPEST_BLOCK = 20;
/** Emphasis and links inside one another. */
const DEEPEST_INLINE = 10;
/** Each mark makes the parser look through what follows it, so one piece of text has at most so many of them … */
const MOST_MARKS = 200;
const MARKS = new Set("*_~`[<!");
/** … and at most so many characters to look through. */
const LONGEST_PIECE = 4000;

export function lex(text: string): Token[] {
  try {
    return new BoundedLexer({ gfm: true, breaks: false, tokenizer: new BoundedTokenizer() }).lex(text);
  } catch {
    // Whatever the parser cannot read can still be read by people.
    return paragraphs(text);
  }
}

class BoundedLexer extends Lexer {
  #blocks = 0;
  #inlines = 0;

  override blockTokens(src: string, tokens?: Token[], clipped?: boolean): Token[];
  override blockTokens(src: string, tokens?: TokensList, clipped?: boolean): TokensList;
  override blockTokens(src: string, tokens: Token[] = [], clipped = false): Token[] {
    if (this.#blocks > DEEPEST_BLOCK) {
      tokens.push({ type: "text", raw: src, text: src, tokens: this.inline(src) });
      return tokens;
    }
    this.#blocks += 1;
    try {
      return super.blockTokens(src, tokens, clipped);
    } finally {
      this.#blocks -= 1;
    }
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    if (this.#inlines > DEEPEST_INLINE) {
      tokens.push({ type: "text", raw: src, text: src });
      return tokens;
    }
    this.#inlines += 1;
    try {
      for (const piece of pieces(src)) super.inlineTokens(piece, tokens);
      return tokens;
    } finally {
      this.#inlines -= 1;
    }
  }
}

class BoundedTokenizer extends Tokenizer {
  /** A short row is filled up with empty cells: without a limit, a wide head makes millions of a few kilobytes. */
  override table(src: string): Tokens.Table | undefined {
    const [head = "", marks = ""] = src.split("\n", 2);
    if (marks.includes("|")) {
      const end = src.indexOf("\n\n");
      const body = end < 0 ? src : src.slice(0, end);
      if (head.split("|").length * body.split("\n").length > body.length) return undefined;
    }
    return super.table(src);
  }
}

/** `text`, cut where it is too much to be read in one go: between two words if possible. */
function pieces(text: string): string[] {
  if (text.length <= MOST_MARKS) return [text];
  const found: string[] = [];
  let [from, marks] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    if (MARKS.has(text.charAt(at))) marks += 1;
    if (marks <= MOST_MARKS && at - from < LONGEST_PIECE) continue;
    const cut = from + text.slice(from, at).lastIndexOf(" ") + 1;
    found.push(text.slice(from, cut > from ? cut : at));
    from = cut > from ? cut : at;
    [marks, at] = [0, from - 1];
  }
  return [...found, text.slice(from)];
}

/** Without any markup. As tokens should, together they are the text. */
function paragraphs(text: string): Token[] {
  return text.split(/(\n{2,})/).flatMap((raw, place): Token[] => {
    if (!raw) return [];
    if (place % 2) return [{ type: "space", raw }];
    return [{ type: "paragraph", raw, text: raw, tokens: [{ type: "text", raw, text: raw }] }];
  });
}
