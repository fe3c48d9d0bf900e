/** Text from outside becomes elements, links, styles and file names in the few places that are meant for it. */

import { afterEach, expect, test, vi } from "vitest";
import { keptDraft } from "../src/app/run/kept-draft.ts";
import { fileName } from "../src/app/save.ts";
import { safeAddress } from "../src/components/markdown/link.tsx";

const SOURCES = import.meta.glob<string>("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Ways past React from a text to elements, code, styles or another window, each with a line that goes that way. */
const WAYS: readonly [RegExp, string][] = [
  [/\b(inner|outer)HTML\b/, "box.innerHTML = text"],
  [/\bdangerouslySetInnerHTML\b/i, "<p dangerouslySetInnerHTML={{ __html: text }} />"],
  [/\b(insertAdjacentHTML|setHTML(Unsafe)?|parseHTMLUnsafe)\b/, 'box.insertAdjacentHTML("beforeend", text)'],
  [/\b(createContextualFragment|DOMParser)\b/, 'new DOMParser().parseFromString(text, "text/html")'],
  [/\bdocument\s*\.\s*write/, "document.write(text)"],
  [/\beval\s*\(|\bFunction\s*\(/, "new Function(text)"],
  [/\b(setTimeout|setInterval)\s*\(\s*["'`]/, 'setTimeout("act()", 1)'],
  [/\b(cssText|insertRule|replaceSync)\b|<style\b/, "box.style.cssText = text"],
  [/\bsetAttribute(NS)?\s*\(|\bcreateElementNS\s*\(/, 'link.setAttribute("href", text)'],
  [/<(img|script|iframe|object|embed|frame|base|meta|link|audio|video|template)\b/, "<img src={text} />"],
  [/\b(srcdoc|srcDoc|xlinkHref|formAction)\b/, "<p srcDoc={text} />"],
  [/\b(java|vb)script:/i, "href='javascript:act()'"],
  [/\bpostMessage\b|addEventListener\(\s*["']message["']/, 'parent.postMessage(text, "*")'],
  [/\bwindow\s*\.\s*(open|opener)\b/, "window.open(text)"],
];

function found(pattern: RegExp): string[] {
  const all = Object.entries(SOURCES).flatMap(([file, text]) => {
    const lines = text.split("\n").filter((line) => pattern.test(line));
    return lines.map((line) => `${file.replace("../src/", "")}: ${line.trim()}`);
  });
  return all.sort();
}

function filesWith(pattern: RegExp): string[] {
  return [...new Set(found(pattern).map((line) => line.split(": ", 1)[0] ?? ""))];
}

test.each(WAYS)("no source goes the way of %s", (pattern, line) => {
  expect(line).toMatch(pattern);
  expect(Object.keys(SOURCES).length).toBeGreaterThan(200);
  expect(found(pattern)).toEqual([]);
});

test("links are made in four places: of a text, of our own paths, to the content, and to a file of the API", () => {
  // The compiler holds the second to paths.
  const places = ["app/batches/download.tsx", "app/router.tsx", "app/shell.tsx", "components/markdown/link.tsx"];
  expect(filesWith(/<a\b/)).toEqual(places);
  expect(found(/createElement\(/)).toEqual([
    expect.stringMatching(/^app\/save\.ts: .*createElement\("a"\), \{ href: /),
  ]);
});

test("only the module that bounds the Markdown parser uses it", () => {
  expect(filesWith(/import (?!type).* from "marked"/)).toEqual(["components/markdown/lexer.ts"]);
});

test("styles are sizes that were calculated", () => {
  const size = /style=\{\{ (scale|inlineSize|blockSize): (ROW|`\$\{[^`"']*\}(%| 1)`) \}\}/;
  for (const line of found(/\bstyle=\{/)) expect(line).toMatch(size);
  expect(filesWith(/\bstyle: \{/)).toEqual(["components/run-timeline.tsx"]);
});

test.each(["https://example.org/a", "http://example.org/", "mailto:ada@example.org"])(
  "a link may lead to %s",
  (href) => {
    expect(safeAddress(href)).toBe(href);
  },
);

test.each([
  ["Sunmoor, Inc.", "sunmoor-inc.md"],
  ["../../etc/passwd", "etc-passwd.md"],
  ["C:\\work\\.bashrc", "c-work-bashrc.md"],
  ["a\u202egnp\u0000\n\u001b[7m", "a-gnp-7m.md"],
  ["=1+1", "1-1.md"],
  ["…", "run.md"],
  ["Éclair für Ödön", "éclair-für-ödön.md"],
])("%j is saved as %j", (title, name) => {
  expect(fileName(title, "md")).toBe(name);
});

test("the name of a file has an end", () => {
  expect(fileName("word ".repeat(1000), "json")).toHaveLength(85);
});

test.each([
  [undefined, { rows: [{ id: 0, texts: { text: "Far" } }], next: 1 }, true],
  ["no rows", { next: 1 }, false],
  ["a row that is none", { rows: [null], next: 1 }, false],
  ["a row without texts", { rows: [{ id: 0 }], next: 1 }, false],
  ["a text that is none", { rows: [{ id: 0, texts: { text: { no: "text" } } }], next: 1 }, false],
])("what the browser kept of an edit is read back in its own form only: %s", (_, draft, good) => {
  const kept = JSON.stringify({ value: "Far", version: 1, draft });
  vi.stubGlobal("sessionStorage", { getItem: () => kept });
  expect(keptDraft("run", "vision") !== undefined).toBe(good);
});
