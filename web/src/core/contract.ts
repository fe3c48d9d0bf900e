/** Generated from events/contract.py and events/frames.py by `make contract`; do not edit. */

/**
 * One message of a run's stream: an event of its log, or a frame about the stream itself.
 */
export type StreamMessage = LogEvent | StreamFrame;
/**
 * One event of a run's log. Pass over a `type` that you do not know.
 */
export type LogEvent =
  | RunQueuedEvent
  | RunStartEvent
  | RunResumedEvent
  | StepStartEvent
  | ModelChunkEvent
  | PartialEvent
  | PartialWithdrawnEvent
  | ProgressEvent
  | UsageEvent
  | StepRetryEvent
  | StepCompleteEvent
  | StepErrorEvent
  | StepSkippedEvent
  | InputRequiredEvent
  | InputReceivedEvent
  | RunPausedEvent
  | RunUnpausedEvent
  | CancelRequestedEvent
  | CompleteEvent
  | ErrorEvent
  | CancelledEvent;
export type JsonValue = unknown;
/**
 * What a stream says about itself: never stored, without a `seq`.
 */
export type StreamFrame = StreamOpenFrame | WorkingFrame | PingFrame | StreamGapFrame | SnapshotFrame;

export interface RunQueuedEvent extends RunEnvelope {
  type: "run_queued";
  data: RunQueuedData;
}
/**
 * `title` is what people call this run among others of its pipeline: one line, of at most 120 characters.
 *
 * `forked_from` is the run that this one does again, from `from_step` on where that was named or found. `max_cost_usd`
 * is what it may cost, where there is a limit.
 */
export interface RunQueuedData {
  pipeline: string;
  title?: string;
  forked_from?: string;
  from_step?: string;
  max_cost_usd?: number;
}
/**
 * What every event carries. `ts` and `duration` are in ms, `progress` is of the run, 0 to 100.
 */
export interface RunEnvelope {
  /**
   * Version of the contract.
   */
  v: 1;
  /**
   * UUIDv7 of the run.
   */
  run_id: string;
  /**
   * 1, 2, 3 … without gaps within a run, given by the log.
   */
  seq: number;
  ts: number;
  message?: string;
  progress?: number;
  duration?: number;
}
export interface RunStartEvent extends RunEnvelope {
  type: "run_start";
  data: RunStartData;
}
export interface RunStartData {
  pipeline: string;
  plan: PlannedStep[];
}
/**
 * One step of the plan: its id, its label for a person, and the steps whose results it needs.
 */
export interface PlannedStep {
  step: string;
  label: string;
  after: string[];
  expected_ms?: Expected;
}
/**
 * How long a step took in the past, in milliseconds; `n` is the number of samples (0: declared, not measured).
 */
export interface Expected {
  p50: number;
  p90: number;
  n: number;
}
export interface RunResumedEvent extends RunEnvelope {
  type: "run_resumed";
  data: ReasonData;
}
export interface ReasonData {
  reason: string;
}
export interface StepStartEvent extends StepEnvelope {
  type: "step_start";
  data: StepStartData;
}
export interface StepStartData {
  expected_ms?: Expected;
}
/**
 * Everything inside a step carries the step and its attempt, and lane and round where several things run in it.
 */
export interface StepEnvelope extends RunEnvelope {
  step: string;
  attempt: number;
  lane?: string;
  round?: number;
}
export interface ModelChunkEvent extends StepEnvelope {
  type: "model_chunk";
  data: ModelChunkData;
}
/**
 * `tokens` counts the model's chunks that were merged into this one; `covers` the events merged for a viewer.
 */
export interface ModelChunkData {
  text: string;
  tokens: number;
  /**
   * @minItems 2
   * @maxItems 2
   */
  covers?: [number, number];
}
export interface PartialEvent extends StepEnvelope {
  type: "partial";
  data: PartialData;
}
/**
 * `input_hash` makes a part the checkpoint of one model call among several in a step; `models` are those that were
 * named to it.
 */
export interface PartialData {
  path: string;
  value?: JsonValue;
  input_hash?: string;
  models?: string;
}
export interface PartialWithdrawnEvent extends StepEnvelope {
  type: "partial_withdrawn";
  data: PartialWithdrawnData;
}
export interface PartialWithdrawnData {
  path: string;
}
export interface ProgressEvent extends StepEnvelope {
  type: "progress";
  data: ProgressData;
}
/**
 * `budget` is told once, when four fifths of it are spent; `counts` by a batch alone, whenever they change.
 */
export interface ProgressData {
  step_progress?: number;
  eta_ms?: number;
  basis: "history" | "tokens" | "declared";
  budget?: BudgetUse;
  counts?: Counts;
}
/**
 * What the run has cost so far, of what it may cost.
 */
export interface BudgetUse {
  spent_usd: number;
  max_cost_usd: number;
}
/**
 * How the items of a batch stand: `total` is `waiting`, `running`, `complete`, `failed` and `cancelled` together;
 * `skipped` are those of the complete that an earlier batch of this name had done.
 */
export interface Counts {
  total: number;
  waiting: number;
  running: number;
  complete: number;
  skipped: number;
  failed: number;
  cancelled: number;
}
export interface UsageEvent extends StepEnvelope {
  type: "usage";
  data: UsageData;
}
/**
 * One model call, failed ones too. A `cost_usd` that is absent is unknown, not zero. Tokens are counts.
 */
export interface UsageData {
  model: string;
  input_tokens: number;
  output_tokens: number;
  cost_usd?: number;
  run_cost_usd?: number;
  estimated: boolean;
}
export interface StepRetryEvent extends StepEnvelope {
  type: "step_retry";
  data: StepRetryData;
}
/**
 * `supersedes` is the first and last `seq` of the text that this retry withdraws.
 */
export interface StepRetryData {
  problem: Problem;
  next_attempt_in_ms: number;
  /**
   * @minItems 2
   * @maxItems 2
   */
  supersedes?: [number, number];
}
/**
 * What went wrong, in words for a person (RFC 9457). Never a prompt, a key, a server path or a stack trace.
 */
export interface Problem {
  type: string;
  title: string;
  detail: string;
  status?: number;
  errors?: ProblemError[];
}
/**
 * One violation inside a document: where (JSON Pointer, RFC 6901) and what.
 */
export interface ProblemError {
  pointer: string;
  detail: string;
}
export interface StepCompleteEvent extends StepEnvelope {
  type: "step_complete";
  data: StepCompleteData;
}
/**
 * Nulls are left out of what is stored: here and elsewhere, a result or value that is missing is null.
 */
export interface StepCompleteData {
  result?: JsonValue;
  reused?: Reused;
  text?: TextDigest;
  made_of?: MadeOf;
}
/**
 * The run that made a result, and what that took there: nothing of it is counted in the run that takes it over.
 *
 * `duration` in ms; `cost_usd` sums the known costs.
 */
export interface Reused {
  run_id: string;
  duration?: number;
  cost_usd?: number;
  input_tokens?: number;
  output_tokens?: number;
  models?: string[];
}
/**
 * What the joined `model_chunk`s of an attempt must add up to: `chars` in code points, `sha256` of the UTF-8.
 */
export interface TextDigest {
  chunks: number;
  chars: number;
  sha256: string;
}
/**
 * What a result follows from, for telling whether another run would be given the same: digests of the step's
 * arguments, of the form of its result and of each prompt that it used, and the models that were named to it.
 */
export interface MadeOf {
  inputs: string;
  output: string;
  prompts: {
    [k: string]: string;
  };
  models?: string;
}
export interface StepErrorEvent extends StepEnvelope {
  type: "step_error";
  data: StepErrorData;
}
export interface StepErrorData {
  problem: Problem;
}
export interface StepSkippedEvent extends StepEnvelope {
  type: "step_skipped";
  data: ReasonData;
}
export interface InputRequiredEvent extends RunEnvelope {
  type: "input_required";
  data: InputRequiredData;
}
/**
 * `schema` on the wire; `json_schema` here, because pydantic keeps the other name for itself. `expires_at` is until
 * when somebody is waited for, in Unix ms; without an `otherwise` the run fails then.
 */
export interface InputRequiredData {
  input_id: string;
  schema: {
    [k: string]: unknown;
  };
  prompt: string;
  expires_at?: number;
  otherwise?: Otherwise;
}
/**
 * What is taken for an answer when nobody gives one in time.
 */
export interface Otherwise {
  value?: JsonValue;
}
export interface InputReceivedEvent extends RunEnvelope {
  type: "input_received";
  data: InputReceivedData;
}
/**
 * `by` is `timeout` where nobody answered in time, and the value is what was to be taken then.
 */
export interface InputReceivedData {
  input_id: string;
  value?: JsonValue;
  by?: string;
}
export interface RunPausedEvent extends RunEnvelope {
  type: "run_paused";
  data: ByData;
}
export interface ByData {
  by?: string;
}
export interface RunUnpausedEvent extends RunEnvelope {
  type: "run_unpaused";
  data: ByData;
}
export interface CancelRequestedEvent extends RunEnvelope {
  type: "cancel_requested";
  data: ByData;
}
export interface CompleteEvent extends RunEnvelope {
  type: "complete";
  data: CompleteData;
}
export interface CompleteData {
  result?: JsonValue;
}
export interface ErrorEvent extends RunEnvelope {
  type: "error";
  data: ErrorData;
}
export interface ErrorData {
  problem: Problem;
  failed_step?: string;
}
export interface CancelledEvent extends RunEnvelope {
  type: "cancelled";
  data: ReasonData;
}
/**
 * Always first. `replay`: the log so far, then live; `live`: from the tail on; `finished`: the run has ended.
 */
export interface StreamOpenFrame {
  type: "stream_open";
  mode: "replay" | "live" | "finished";
  oldest_seq: number;
  tail_seq: number;
}
/**
 * Every two seconds for a step that writes nothing.
 */
export interface WorkingFrame {
  type: "working";
  step: string;
  elapsed_ms: number;
  eta_ms?: number;
}
export interface PingFrame {
  type: "ping";
  tail_seq: number;
}
/**
 * The cursor is older than the log, or ahead of it (a restored database). A `snapshot` follows.
 */
export interface StreamGapFrame {
  type: "stream_gap";
  requested_after: number;
  oldest_seq: number;
  tail_seq: number;
  reason: string;
}
/**
 * The folded state at `tail_seq`: every step's status, attempt, text so far, result and cost.
 */
export interface SnapshotFrame {
  type: "snapshot";
  tail_seq: number;
  run: {
    [k: string]: unknown;
  };
}
