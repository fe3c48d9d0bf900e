/** What the browser keeps for us, where it does. */

/** False when the browser keeps nothing: a private window, a full disk, a rule. */
export function keep(where: Storage | undefined, key: string, value: unknown): boolean {
  try {
    if (!where) return false;
    if (value === undefined) where.removeItem(key);
    else where.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function kept(where: Storage | undefined, key: string): unknown {
  try {
    return JSON.parse(where?.getItem(key) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Even to name it may be forbidden. */
export function storage(kind: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    return globalThis[kind];
  } catch {
    return undefined;
  }
}
