/** The only way from a text to a link: it leads to pages and to mail, and nowhere that does something. */

import type { ReactNode } from "react";

const ALLOWED = new Set(["http:", "https:", "mailto:"]);

/** The address as a browser understands it, or undefined for one that is not let through. Relative ones are not. */
export function safeAddress(href: string): string | undefined {
  try {
    const url = new URL(href);
    return ALLOWED.has(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** Its words alone, if it may not lead there. */
export function TextLink({ href, children }: { href: string; children: ReactNode }): ReactNode {
  const address = safeAddress(href);
  if (address === undefined) return children;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow ugc">
      {children}
    </a>
  );
}
