/** A key that nobody else has: what was asked for under it is done once. */

/** `crypto.randomUUID` is there on secure pages only, and not everyone who looks at a run does so over HTTPS. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
