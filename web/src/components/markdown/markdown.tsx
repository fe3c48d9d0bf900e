/** Markdown as elements, also while it is being written. Never HTML: there is no way from a model's text to markup. */

import type { Token, Tokens } from "marked";
import { createContext, memo, type ReactNode, use, useMemo, useState } from "react";
import { type Block, Blocks, plain } from "./blocks.ts";
import { decoded } from "./entities.ts";
import { Inline } from "./inline.tsx";
import css from "./markdown.module.css";
import { mend } from "./mend.ts";

export interface MarkdownProps {
  text: string;
  /** Whether more of it will come. */
  unfinished?: boolean;
  /** What a heading of the first depth is on the page: 2 for an h2. */
  level?: number;
}

const Level = createContext(3);

export function Markdown({ text, unfinished = false, level = 3 }: MarkdownProps): ReactNode {
  const [blocks] = useState(() => new Blocks());
  const all = useMemo(() => blocks.read(plain(text)), [blocks, text]);
  return (
    <Level value={level}>
      <div className={css["markdown"]} data-unfinished={unfinished || undefined}>
        {all.map((block) =>
          block.open && unfinished ? (
            <OpenBlock key={block.id} block={block} />
          ) : (
            <ClosedBlock key={block.id} block={block} />
          ),
        )}
      </div>
    </Level>
  );
}

const ClosedBlock = memo(function ClosedBlock({ block }: { block: Block }): ReactNode {
  return block.tokens.map((token, place) => <BlockOf key={String(place)} token={token} />);
});

/** The one at the end, read as if it were finished. */
function OpenBlock({ block }: { block: Block }): ReactNode {
  const raw = block.tokens.map((token) => token.raw).join("");
  const mended = mend(raw);
  if (mended === raw) return <ClosedBlock block={block} />;
  return new Blocks().read(mended).map((each) => <ClosedBlock key={each.id} block={each} />);
}

function BlockOf({ token }: { token: Token }): ReactNode {
  switch (token.type) {
    case "heading":
      return <Heading heading={token as Tokens.Heading} />;
    case "paragraph":
      return (
        <p>
          <Inline tokens={(token as Tokens.Paragraph).tokens} />
        </p>
      );
    case "list":
      return <List list={token as Tokens.List} />;
    case "blockquote":
      return (
        <blockquote>
          <ClosedBlock block={{ id: 0, tokens: (token as Tokens.Blockquote).tokens, open: false }} />
        </blockquote>
      );
    case "code":
      return (
        <pre>
          <code>{(token as Tokens.Code).text}</code>
        </pre>
      );
    case "table":
      return <Table table={token as Tokens.Table} />;
    case "hr":
      return <hr />;
    case "space":
    case "def":
      return null;
    case "html":
      return <p>{token.raw.trim()}</p>;
    default:
      return "tokens" in token && token.tokens ? <Inline tokens={token.tokens} /> : decoded(token.raw);
  }
}

/** A document stands inside a page that has headings of its own. */
function Heading({ heading }: { heading: Tokens.Heading }): ReactNode {
  const Tag = `h${Math.min(6, use(Level) + heading.depth - 1)}` as "h3";
  return (
    <Tag data-depth={heading.depth}>
      <Inline tokens={heading.tokens} />
    </Tag>
  );
}

function List({ list }: { list: Tokens.List }): ReactNode {
  const items = list.items.map((item, place) => (
    <li key={String(place)}>
      <ClosedBlock block={{ id: 0, tokens: item.tokens, open: false }} />
    </li>
  ));
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table }: { table: Tokens.Table }): ReactNode {
  return (
    <table>
      <thead>
        <tr>
          {table.header.map((cell, place) => (
            <th key={String(place)} scope="col">
              <Inline tokens={cell.tokens} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, place) => (
          <tr key={String(place)}>
            {row.map((cell, column) => (
              <td key={String(column)}>
                <Inline tokens={cell.tokens} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
