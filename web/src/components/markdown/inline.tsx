/** The words of Markdown as elements. What is HTML in it is shown as the text that it is. */

import type { Token, Tokens } from "marked";
import { Fragment, type ReactNode } from "react";
import { decoded } from "./entities.ts";
import { safeAddress, TextLink } from "./link.tsx";

export function Inline({ tokens }: { tokens: readonly Token[] | undefined }): ReactNode {
  // A token has no name but its place, and what is before it does not change.
  return tokens?.map((token, place) => <Fragment key={String(place)}>{inline(token)}</Fragment>);
}

function inline(token: Token): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong>{children(token)}</strong>;
    case "em":
      return <em>{children(token)}</em>;
    case "del":
      return <del>{children(token)}</del>;
    case "codespan":
      return <code>{decoded((token as Tokens.Codespan).text)}</code>;
    case "br":
      return <br />;
    case "link":
      return <TextLink href={(token as Tokens.Link).href}>{children(token)}</TextLink>;
    case "image":
      return <Picture image={token as Tokens.Image} />;
    case "checkbox":
      return (token as Tokens.Checkbox).checked ? "☑ " : "☐ ";
    case "html":
      return token.raw;
    default:
      return "tokens" in token && token.tokens
        ? children(token)
        : decoded(String("text" in token ? token.text : token.raw));
  }
}

function children(token: Token): ReactNode {
  return <Inline tokens={"tokens" in token ? token.tokens : undefined} />;
}

/** Nothing is loaded for a model: who looks at a page would tell another server so. */
function Picture({ image }: { image: Tokens.Image }): ReactNode {
  return <TextLink href={image.href}>{decoded(image.text) || safeAddress(image.href)}</TextLink>;
}
