// @vitest-environment jsdom

import { act, cleanup, render, screen } from "@testing-library/react";
import { Lexer } from "marked";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Blocks } from "../../src/components/markdown/blocks.ts";
import { mend } from "../../src/components/markdown/mend.ts";
import { createReplayStore, GenerationProgressModal, Markdown } from "../../src/index.ts";
import { story } from "../story.ts";
import { withDialogs } from "./dom.ts";

const MANY = 10_000;
const END = "the end";

/** Ordinary marks, and far too many of them. */
const DEEP: Readonly<Record<string, (many: number) => string>> = {
  quotes: (many) => `${">".repeat(many)} ${END}`,
  "spaced quotes": (many) => `${"> ".repeat(many)}${END}`,
  "list marks": (many) => `${"- ".repeat(many)}${END}`,
  numbers: (many) => `${"1. ".repeat(many)}${END}`,
  "mixed marks": (many) => `${"> - 1. ".repeat(many / 3)}${END}`,
  "indented items": (many) => {
    const items = Array.from({ length: Math.sqrt(many) }, (_, depth) => `${"  ".repeat(depth)}- item`);
    return `${items.join("\n")}\n\n${END}`;
  },
  emphasis: (many) => `${"*a **b ".repeat(many / 2)}${END}${" c** d*".repeat(many / 2)}`,
  "emphasis without blanks": (many) => `${"_a_".repeat(many)} ${END}`,
  "marks alone": (many) => `${"*".repeat(many)}a${"_".repeat(many)} ${END}`,
  brackets: (many) => `${"[".repeat(many)}${END}${"]".repeat(many)}`,
  links: (many) => `${"[".repeat(many)}${END}${"](https://example.org)".repeat(many)}`,
  pictures: (many) => `${"![".repeat(many)}${END}${"](https://example.org/a.png)".repeat(many)}`,
  "a wide table": (many) => `|${"a|".repeat(many)}\n|${"-|".repeat(many)}\n|${END}|`,
  "a wide table of short rows": (many) => {
    const wide = Math.sqrt(many);
    return `|${"a|".repeat(wide)}\n|${"-|".repeat(wide)}\n${"|\n".repeat(many)}\n${END}`;
  },
  "a long address": (many) => `https://example.org/${")".repeat(many)} ${END}`,
  tags: (many) => `a ${"<b>".repeat(many)} ${END}`,
};

describe("text that nests too deeply", () => {
  afterEach(cleanup);

  test.each(Object.keys(DEEP))("M6: 10,000 of them are shown as text: %s", (name) => {
    const text = DEEP[name]?.(MANY) ?? "";
    const { container } = render(<Markdown text={text} />);
    expect(container.textContent).toContain(END);
    expect(depthOf(container)).toBeLessThan(60);
    // A table that is none, or an element for each few characters, but not more elements than there is text.
    expect(container.querySelectorAll("*").length).toBeLessThan(text.length);
  });

  test("M6: marks that are too deep are text, and those before them are not", () => {
    const { container } = render(<Markdown text={`${"> ".repeat(100)}**bold**`} />);
    expect(container.querySelectorAll("blockquote").length).toBe(21);
    expect(container.querySelector("strong")?.textContent).toBe("bold");
    const marks = container.textContent?.split(">").length ?? 0;
    expect(marks - 1 + 21).toBe(100);
  });

  test("M6: text that the parser throws at is shown as paragraphs", () => {
    vi.spyOn(Lexer.prototype, "blockTokens").mockImplementation(() => {
      throw new RangeError("Maximum call stack size exceeded");
    });
    const { container, rerender } = render(<Markdown text="One *word*" unfinished />);
    rerender(<Markdown text={"One *word*.\n\nAnother\nline"} unfinished />);
    const shown = Array.from(container.querySelectorAll("p"), (each) => each.textContent);
    expect(shown).toEqual(["One *word*.", "Another\nline"]);
  });

  test.each(["emphasis", "emphasis without blanks", "list marks", "a long address", "a wide table of short rows"])(
    "L11: the time grows with the text and not with its square: %s",
    (name) => {
      const make = DEEP[name] ?? String;
      const text = (length: number): string => make(Math.round((MANY * length) / make(MANY).length));
      msOf(text(8000));
      // 8 where time grows with the text, 64 where it grows with its square. What takes next to nothing says nothing.
      expect(msOf(text(64_000))).toBeLessThan(Math.max(msOf(text(8000)), 25) * 32);
    },
  );

  test("L11: the parser is never given more than it reads quickly", () => {
    const [whole, inline] = [notes("lex"), notes("inlineTokens")];
    for (const make of Object.values(DEEP)) new Blocks().read(make(MANY));
    expect(Math.max(...whole.map((text) => text.length))).toBe(16_000);
    expect(Math.max(...inline.map((text) => text.length))).toBeLessThanOrEqual(4000);
    expect(Math.max(...inline.map((text) => text.match(/[*_~`[<!]/g)?.length ?? 0))).toBeLessThanOrEqual(201);
  });

  test("L11: completing what is open takes no longer per character of a long text", () => {
    const text = (length: number): string => `${"[".repeat(length)}] x`;
    mend(text(1000));
    const [short, long] = [4000, 256_000].map((length) => timed(() => void mend(text(length))));
    expect(long).toBeLessThan(Math.max(short ?? 0, 1) * 512);
  });

  test("L11: however long a text is, a repaint parses its end alone", () => {
    const lexed = notes("lex");
    const blocks = new Blocks();
    blocks.read("_a_".repeat(20_000));
    lexed.length = 0;
    blocks.read("_a_".repeat(20_001));
    expect(lexed).toHaveLength(1);
    expect(lexed[0]?.length).toBeLessThanOrEqual(8000);
  });

  test("a text that is cut keeps its words, its items and its code whole", () => {
    const items = Array.from({ length: 1000 }, (_, place) => `- item ${place}`).join("\n");
    const { container } = render(<Markdown text={`${items}\n\n\`\`\`\n${"code()\n".repeat(5000)}\`\`\`\n\n${END}`} />);
    expect(Array.from(container.querySelectorAll("li"), (each) => each.textContent).slice(-1)).toEqual(["item 999"]);
    expect(container.querySelectorAll("li")).toHaveLength(1000);
    expect(container.querySelectorAll("pre")).toHaveLength(1);
    expect(container.querySelector(".markdown > p, p:last-child")?.textContent).toBe(END);
  });
});

/** What the parser's method is given from now on. */
function notes(method: "lex" | "inlineTokens"): string[] {
  const given: string[] = [];
  const real: (this: Lexer, ...args: never[]) => never = Lexer.prototype[method] as never;
  vi.spyOn(Lexer.prototype, method).mockImplementation(function (this: Lexer, text: string, ...rest: unknown[]) {
    given.push(text);
    return real.call(this, ...([text, ...rest] as never[]));
  });
  return given;
}

function msOf(text: string): number {
  return Math.min(
    timed(() => void new Blocks().read(text)),
    timed(() => void new Blocks().read(text)),
  );
}

function timed(act: () => void): number {
  const before = performance.now();
  act();
  return performance.now() - before;
}

function depthOf(element: Element): number {
  return 1 + Math.max(0, ...Array.from(element.children, depthOf));
}

test("M6: a modal in somebody's app shows what nests too deeply as text, and the app goes on", () => {
  withDialogs();
  const deep = Object.values(DEEP).map((make) => make(300));
  const { events } = story()
    .started("brief")
    .start("brief")
    .writes("brief", [DEEP["quotes"]?.(MANY), ...deep].join("\n\n"));
  const run = createReplayStore({ events, autoplay: false });
  render(
    <main>
      <p>The app's own text</p>
      <GenerationProgressModal open title="Acme" run={run} onClose={() => undefined} />
    </main>,
  );
  act(() => run.seek(run.getSnapshot().lengthMs));
  const shown = screen.getByRole("region", { name: "Text of “The brief”" }).textContent ?? "";
  expect(shown.split(END)).toHaveLength(deep.length + 2);
  expect(shown).toContain(">".repeat(5000));
  expect(screen.getByText("The app's own text").isConnected).toBe(true);
  cleanup();
});
