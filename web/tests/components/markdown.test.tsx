// @vitest-environment jsdom

import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import { Blocks } from "../../src/components/markdown/blocks.ts";
import { Markdown } from "../../src/components/markdown/markdown.tsx";

afterEach(cleanup);

const DOCUMENT = `# Sunmoor

A paragraph with **bold**, *emphasis*, \`code\` and a [link](https://example.org/a?b=c&d).
It goes on.

## Next

- one
- two
  - deeper
- three

1. first
2. second

> Said by somebody.

| a | b |
| - | - |
| 1 | 2 |

\`\`\`js
const x = "<b>";
\`\`\`

The end &amp; nothing more.
`;

function html(text: string, unfinished = false): HTMLElement {
  return render(<Markdown text={text} unfinished={unfinished} />).container;
}

test("a document becomes elements", () => {
  const shown = html(DOCUMENT);
  const found = ["h3", "h4", "strong", "em", "code", "a", "ul ul", "ol", "blockquote", "table th", "pre code"];
  for (const selector of found) expect(shown.querySelector(selector), selector).not.toBeNull();
  expect(shown.textContent).toContain("The end & nothing more.");
  expect(shown.textContent).toContain('const x = "<b>";');
});

test("a document that grows piece by piece ends as the same that came whole", () => {
  const whole = html(DOCUMENT).innerHTML;
  cleanup();
  for (const size of [1, 3, 7]) {
    const { container, rerender } = render(<Markdown text="" unfinished={true} />);
    for (let end = 0; end < DOCUMENT.length; end += size) {
      rerender(<Markdown text={DOCUMENT.slice(0, end)} unfinished={true} />);
    }
    rerender(<Markdown text={DOCUMENT} />);
    expect(container.innerHTML).toBe(whole);
    cleanup();
  }
});

test("what is settled stays the same object while more comes", () => {
  const blocks = new Blocks();
  const [before] = blocks.read("# One\n\ntwo\n\nthr");
  const [after] = blocks.read("# One\n\ntwo\n\nthree and four");
  expect(after).toBe(before);
});

test("a paragraph without an end is not read again and again", () => {
  const blocks = new Blocks();
  let text = "";
  for (let pieces = 0; pieces < 40; pieces += 1) {
    text += "word ".repeat(200);
    blocks.read(text);
  }
  const all = blocks.read(text);
  expect(all.length).toBeGreaterThan(3);
  const shown = all.flatMap((block) => block.tokens.map((token) => token.raw)).join("");
  expect(shown.replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
});

test("a text that is another one begins anew", () => {
  const { container, rerender } = render(<Markdown text={"# One\n\nfirst"} />);
  rerender(<Markdown text="second" />);
  expect(container.textContent).toBe("second");
});

test("what is open at the end is read as if it were closed", () => {
  expect(html("It is **very imp", true).querySelector("strong")?.textContent).toBe("very imp");
});

/** After the OWASP filter evasion cheat sheet, as a model might be talked into writing it. */
const ATTACKS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "<iframe src=https://evil.example></iframe>",
  "<a href=javascript:alert(1)>x</a>",
  "<style>@import 'https://evil.example'</style>",
  "<form action=https://evil.example><button>x</button></form>",
  "<!-- --><b onmouseover=alert(1)>x</b>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\nscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](javascript&colon;alert(1))",
  "[x](\u0001javascript:alert(1))",
  "[x](vbscript:msgbox(1))",
  "[x](data:text/html;base64,PHNjcmlwdD4=)",
  "[x](file:///etc/passwd)",
  "[x](//evil.example)",
  "[x](blob:https://evil.example/1)",
  "<javascript:alert(1)>",
  "![x](https://evil.example/pixel.gif)",
  "![x](javascript:alert(1))",
  '![x](https://evil.example/a.png "onerror=alert(1)")',
  "[x]: javascript:alert(1)\n\n[x]",
  "```html\n<script>alert(1)</script>\n```",
  "| <script>alert(1)</script> |\n| - |\n| <img src=x onerror=alert(1)> |",
  "- <details open ontoggle=alert(1)>",
  "# <base href=https://evil.example>",
  "`<script>alert(1)</script>`",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
];

describe("nothing that a model writes becomes markup", () => {
  const ALLOWED = new Set(
    "DIV P H3 H4 H5 H6 STRONG EM DEL CODE PRE A UL OL LI BLOCKQUOTE TABLE THEAD TBODY TR TH TD BR HR".split(" "),
  );

  test.each(ATTACKS)("%j", (attack) => {
    // Also when it arrives one character at a time.
    for (let end = 1; end <= attack.length; end += 1) {
      const shown = html(`before ${attack.slice(0, end)}`, end < attack.length);
      checkHarmless(shown);
      cleanup();
      checkHarmless(html(attack.slice(0, end), true));
      cleanup();
    }
  });

  function checkHarmless(shown: HTMLElement): void {
    for (const element of shown.querySelectorAll("*")) {
      expect(ALLOWED.has(element.tagName), element.outerHTML).toBe(true);
      for (const { name } of element.attributes) {
        expect(["class", "data-unfinished", "data-depth", "href", "target", "rel", "start", "scope"]).toContain(name);
      }
    }
    for (const link of shown.querySelectorAll("a")) {
      expect(link.href).toMatch(/^(https?:\/\/|mailto:)/);
      expect(link.rel).toContain("noopener");
    }
  }
});
