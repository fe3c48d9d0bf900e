/** Where a link in a model's text may lead: to pages and to mail, and nowhere that does something. */

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
