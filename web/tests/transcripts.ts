/** Runs as they were recorded, and what Python makes of them at some positions. */

import type { LogEvent } from "../src/core/contract.ts";
import { parseTranscript } from "../src/core/transcript.ts";

const recorded = import.meta.glob<string>("../transcripts/*.jsonl", { query: "?raw", import: "default", eager: true });
const python = import.meta.glob<string>("./snapshots/*.jsonl", { query: "?raw", import: "default", eager: true });

/** `run` is the snapshot after the first `at` events of the transcript, with its texts cut short. */
export interface Shot {
  at: number;
  run: Record<string, unknown>;
}

export const names = Object.keys(recorded).map(nameOf);

export function transcript(name: string): LogEvent[] {
  return parseTranscript(recorded[`../transcripts/${name}.jsonl`] ?? "");
}

export function shots(name: string): Shot[] {
  const lines = python[`./snapshots/${name}.jsonl`]?.trim().split("\n") ?? [];
  return lines.map((line) => JSON.parse(line) as Shot);
}

function nameOf(path: string): string {
  return path.replace(/^.*\/|\.jsonl$/g, "");
}
