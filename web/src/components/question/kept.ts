/** What was typed into the form of a question, kept by the browser for this tab until it is sent. */

const PREFIX = "stepglass.answer";

export function keptEntry(key: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(`${PREFIX}.${key}`) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Undefined forgets it. */
export function keepEntry(key: string, entry: unknown): void {
  try {
    if (entry === undefined) sessionStorage.removeItem(`${PREFIX}.${key}`);
    else sessionStorage.setItem(`${PREFIX}.${key}`, JSON.stringify(entry));
  } catch {
    // A browser that keeps nothing has it as long as the form is open.
  }
}
