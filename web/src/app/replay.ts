/** `?replay=name`: a recorded run instead of a live one, for looking at the page without a server behind it. */

import { createReplayStore, type ReplayStore } from "../core/replay.ts";
import { parseTranscript } from "../core/transcript.ts";

const addresses = import.meta.glob<string>("../../transcripts/*.jsonl", {
  query: "?url",
  import: "default",
  eager: true,
});

/** The names that `?replay=` knows. */
export const replays: readonly string[] = Object.keys(addresses).map((path) => path.replace(/^.*\/|\.jsonl$/g, ""));

/** The recorded run that an address asks for, undefined when it asks for none. `speed=` as well: 1 unless it is said. */
export async function replayIn(search: string): Promise<ReplayStore | undefined> {
  const query = new URLSearchParams(search);
  const name = query.get("replay");
  if (name === null) return undefined;
  const address = addresses[`../../transcripts/${name}.jsonl`];
  if (address === undefined) throw new Error(`No recorded run ${name}: there is ${replays.join(", ")}.`);
  const response = await fetch(address);
  return createReplayStore({ events: parseTranscript(await response.text()), speed: Number(query.get("speed") ?? 1) });
}
