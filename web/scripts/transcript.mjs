/**
 * Makes a transcript of a recorded stream: `curl -H 'Accept: application/x-ndjson' $API/api/runs/$ID/events |
 * node scripts/transcript.mjs > transcripts/name.jsonl`. Control frames are left out, and adjacent pieces of text that
 * came within a tenth of a second are merged, as the contract allows for a viewer that is slow.
 */

import { readFileSync } from "node:fs";

const WITHIN_MS = 100;
const merged = [];
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const event = JSON.parse(line);
  if (event.seq === undefined) continue;
  const last = merged.at(-1);
  if (last && goesOn(last, event)) {
    const covers = [last.data.covers?.[0] ?? last.seq, event.seq];
    const data = { text: last.data.text + event.data.text, tokens: last.data.tokens + event.data.tokens, covers };
    merged[merged.length - 1] = { ...last, seq: event.seq, data };
  } else merged.push(event);
}
process.stdout.write(merged.map((event) => `${JSON.stringify(event)}\n`).join(""));

function goesOn(last, event) {
  const same = ["type", "step", "attempt", "lane", "round"].every((field) => last[field] === event[field]);
  return same && event.type === "model_chunk" && event.ts - last.ts < WITHIN_MS;
}
