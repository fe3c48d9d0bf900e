/** Recorded runs, for looking at the pages without a server behind them. */

import type { LogEvent } from "../core/contract.ts";
import { parseTranscript } from "../core/transcript.ts";

const addresses = import.meta.glob<string>("../../transcripts/*.jsonl", {
  query: "?url",
  import: "default",
  eager: true,
});

/** The names that `?replay=` knows. */
export const replays: readonly string[] = Object.keys(addresses).map((path) => path.replace(/^.*\/|\.jsonl$/g, ""));

export async function recorded(name: string): Promise<LogEvent[]> {
  const address = addresses[`../../transcripts/${name}.jsonl`];
  if (address === undefined) throw new Error(`No recorded run ${name}: there is ${replays.join(", ")}.`);
  const response = await fetch(address);
  return parseTranscript(await response.text());
}
