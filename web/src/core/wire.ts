/** What the API answers with, as it is on the wire (events/view.py, api/): the event types are in contract.ts. */

import type { Expected, InputRequiredData, PlannedStep, Problem } from "./contract.ts";
import type { RunStatus, StepStatus } from "./view.ts";

/** A run at one position of its log: an item of `GET /api/runs`, and, with texts and results, `GET /api/runs/{id}`. */
export interface RunBody {
  run_id: string;
  pipeline: string;
  status: RunStatus;
  progress: number;
  eta_ms?: number | null;
  tail_seq: number;
  cost_usd?: number | null;
  cost_complete: boolean;
  max_cost_usd?: number | null;
  input_tokens: number;
  output_tokens: number;
  models: string[];
  created_at?: number | null;
  started_at?: number | null;
  ended_at?: number | null;
  duration?: number | null;
  title?: string | null;
  forked_from?: string | null;
  cancel_requested: boolean;
  /** The questions that wait for a person's answer, where there are any. */
  asked?: InputRequiredData[] | null;
  steps: StepBody[];
  problem?: Problem | null;
  failed_step?: string | null;
  result?: unknown;
  /** The runs that do this one again. */
  forks?: string[];
}

export interface StepBody {
  step: string;
  label: string;
  after: string[];
  status: StepStatus;
  attempt: number;
  duration?: number | null;
  expected_ms?: Expected | null;
  started_at?: number | null;
  cost_usd?: number | null;
  input_tokens: number;
  output_tokens: number;
  reused_from?: string | null;
  problem?: Problem | null;
  message?: string | null;
  open: PlaceBody[];
  result?: unknown;
  /** Of a step that is not finished: all that its open attempts wrote, and the same by lane, where there are any. */
  text?: string | null;
  lanes?: Record<string, string>;
  /** The same by lane and round, where something speaks in rounds. */
  drafts?: DraftBody[];
  /** Of a step that is not finished: the parts that hold, and, where a server tells, which of them are checkpoints. */
  partials?: Record<string, unknown>;
  checkpoints?: string[];
}

export interface DraftBody {
  lane?: string;
  round?: number;
  text: string;
}

export interface PlaceBody {
  attempt: number;
  lane?: string | null;
  round?: number | null;
  started_seq?: number | null;
}

/** `next_after` is the `after` of the next page; what changes from now on is behind `cursor`. */
export interface RunPage {
  runs: RunBody[];
  next_after?: string;
  cursor: number;
}

/** One message of `GET /api/runs/events`. */
export interface RunChanged {
  type: "run_changed";
  cursor: number;
  run: RunBody;
}

export interface Started {
  run_id: string;
  events_url: string;
}

export interface WishAccepted {
  run_id: string;
  status: RunStatus;
}

export interface PipelineInfo {
  name: string;
  label: string;
  plan: PlannedStep[];
  input_schema: Record<string, unknown>;
  examples: { name: string; input: Record<string, unknown> }[];
}

export type VersionKind = "run" | "edit" | "refine" | "undo" | "redo";

/** An act in a document's history: an item of `GET /api/runs/{id}/framework/versions`. */
export interface VersionBody {
  version: number;
  kind: VersionKind;
  /** What the act changed. */
  sections: string[];
  /** Who did it; null for what the run wrote. */
  by: string | null;
  at: number;
  /** The run that a refinement came from. */
  refined_by: string | null;
  /** The version whose content it shows: its own number, or the one that was gone back to. */
  shows: number;
}

/** `next_before` is the `before` of the next page. */
export interface VersionPage {
  versions: VersionBody[];
  next_before?: number | null;
}

/** `GET /api/runs/{id}/framework`: a run's document as it is now, or, with a version's number behind it, as it was. */
export interface DocumentBody extends Omit<VersionBody, "shows"> {
  run_id: string;
  can_undo?: boolean;
  can_redo?: boolean;
  framework: Readonly<Record<string, unknown>>;
  /** A card per section that has been scored since it was last written. */
  scores: Readonly<Record<string, unknown>>;
}
