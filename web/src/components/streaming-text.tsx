/** What a model writes, as it writes it: Markdown as a document, JSON as an outline. It is never read out. */

import { type ReactNode, useMemo } from "react";
import { Markdown } from "./markdown/markdown.tsx";
import { Outline } from "./outline.tsx";
import { partialJson } from "./partial-json.ts";
import css from "./streaming-text.module.css";

export interface StreamingTextProps {
  text: string;
  /** Whether more of it will come. */
  streaming: boolean;
  /** JSON Pointers of the parts that are known to hold, for text that is JSON. */
  holds?: ReadonlySet<string>;
}

/** A document that is longer than this is not read again from its beginning for every word. */
const LONGEST_OUTLINE = 60_000;

export function StreamingText({ text, streaming, holds }: StreamingTextProps): ReactNode {
  const document = useMemo(() => (text.length > LONGEST_OUTLINE ? undefined : partialJson(text)), [text]);
  return (
    <div className={css["text"]}>
      {document === undefined ? (
        <Markdown text={text} unfinished={streaming} />
      ) : (
        <Outline value={document} unfinished={streaming} {...(holds ? { holds } : {})} />
      )}
    </div>
  );
}
