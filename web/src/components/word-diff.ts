/** What changed between two texts, word by word. */

export interface Piece {
  readonly text: string;
  readonly kind: "same" | "removed" | "added";
}

/** More words than this are not compared one by one: the table would have millions of cells. */
const MOST_WORDS = 2000;

/** The longest common run of words in order, and around it what is gone and what is new. */
export function wordDiff(before: string, after: string): Piece[] {
  const old = words(before);
  const now = words(after);
  if (old.length > MOST_WORDS || now.length > MOST_WORDS) {
    return [
      { text: before, kind: "removed" },
      { text: after, kind: "added" },
    ];
  }
  return joined(walk(old, now, lengths(old, now)));
}

/** A word with the blanks behind it; the end of a line is a word of its own. */
function words(text: string): string[] {
  return text.match(/\n|[^\s]+[^\S\n]*/g) ?? [];
}

/** `lengths[i][j]`: how many words the ends of the two from `i` and `j` on have in common. */
function lengths(old: readonly string[], now: readonly string[]): Uint16Array[] {
  const table = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const row = table[i];
      if (!row) continue;
      const below = table[i + 1];
      row[j] = same(old[i], now[j]) ? (below?.[j + 1] ?? 0) + 1 : Math.max(below?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return table;
}

function same(one: string | undefined, other: string | undefined): boolean {
  return one?.trim() === other?.trim();
}

function walk(old: readonly string[], now: readonly string[], table: readonly Uint16Array[]): Piece[] {
  const pieces: Piece[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const [gone, come] = [old[i], now[j]];
    if (gone !== undefined && come !== undefined && same(gone, come)) {
      pieces.push({ text: come, kind: "same" });
      i += 1;
      j += 1;
    } else if (come === undefined || (gone !== undefined && (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0))) {
      pieces.push({ text: gone ?? "", kind: "removed" });
      i += 1;
    } else {
      pieces.push({ text: come, kind: "added" });
      j += 1;
    }
  }
  return pieces;
}

function joined(pieces: readonly Piece[]): Piece[] {
  const all: Piece[] = [];
  for (const piece of pieces) {
    const last = all.at(-1);
    if (last?.kind === piece.kind) all[all.length - 1] = { text: last.text + piece.text, kind: last.kind };
    else all.push(piece);
  }
  return all;
}
