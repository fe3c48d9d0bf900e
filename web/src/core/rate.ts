/** How fast tokens come: an average that forgets, so that it needs no list of the past. */

const MEMORY_MS = 3000;

/** `value` is what is remembered at `at`, in tokens; `since` is the first token. Times are Unix ms of the server. */
export interface Rate {
  readonly value: number;
  readonly at: number;
  readonly since: number;
}

export function heard(rate: Rate | undefined, tokens: number, at: number): Rate {
  if (!rate) return { value: tokens, at, since: at };
  const now = Math.max(at, rate.at);
  return { value: rate.value * faded(now - rate.at) + tokens, at: now, since: rate.since };
}

/** Tokens per second over about the last three seconds before `now`, in the run's own time. */
export function tokensPerSecond(rate: Rate | undefined, now: number): number {
  if (!rate) return 0;
  const value = rate.value * faded(Math.max(0, now - rate.at));
  // What was remembered so far cannot be more than there was time for.
  const span = MEMORY_MS * (1 - faded(Math.max(250, now - rate.since)));
  return (value / span) * 1000;
}

function faded(ms: number): number {
  return Math.exp(-ms / MEMORY_MS);
}
