/** The end of Markdown that is still being written, completed so that half a word of it does not flicker. */

/**
 * `text` with what is open at its end closed: `**bold` becomes `**bold**`, `[a link](http` becomes `a link`.
 *
 * Only the last paragraph is looked at. A fence that is open needs no help: it runs to the end by itself.
 */
export function mend(text: string): string {
  const begin = text.lastIndexOf("\n\n") + 1;
  const head = text.slice(0, begin);
  if (inFence(text)) return text;
  let tail = withoutOpenLink(text.slice(begin));
  // A mark at the very end says nothing yet: it may open, close, or become a longer one.
  tail = tail.replace(/(^|\s|\S)([*_~`]{1,3}|\n[#>-]{1,6}\s?)$/, (whole, before: string, mark: string) =>
    closes(tail.slice(0, tail.length - mark.length), mark) ? whole : before,
  );
  for (const mark of ["`", "**", "~~"]) {
    if (!closes(tail, mark)) continue;
    tail = `${tail.trimEnd()}${mark}`;
  }
  if (/(^|[\s(])\*(?![\s*])[^*\n]*$/.test(withoutCode(tail).replaceAll("**", ""))) tail = `${tail.trimEnd()}*`;
  return head + tail;
}

/** `a [link](http` and `a [link` become `a link`, and `![a picture` becomes `a picture`. */
function withoutOpenLink(text: string): string {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  const address = line.lastIndexOf("](");
  const inAddress = address >= 0 && !line.includes(")", address);
  const words = inAddress ? line.slice(0, address) : line;
  const open = words.indexOf("[", words.lastIndexOf("]") + 1);
  if (open < 0) return text;
  const before = words.slice(0, open).replace(/!$/, "");
  return text.slice(0, text.length - line.length) + before + words.slice(open + 1);
}

/** Whether `mark` is open at the end of `text`. */
function closes(text: string, mark: string): boolean {
  const where = mark === "`" ? text : withoutCode(text);
  return (where.split(mark).length - 1) % 2 === 1;
}

function withoutCode(text: string): string {
  return text.replaceAll(/`[^`\n]*`/g, "");
}

function inFence(text: string): boolean {
  let open: string | undefined;
  for (const [, fence = ""] of text.matchAll(/^ {0,3}(`{3,}|~{3,})/gm)) {
    if (open === undefined) open = fence;
    else if (fence.startsWith(open)) open = undefined;
  }
  return open !== undefined;
}
