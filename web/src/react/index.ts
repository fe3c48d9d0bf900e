/** Runs in React, without anything to see: read this file for all that there is. */

export type { StepglassProviderProps } from "./context.tsx";
export { StepglassProvider, useClient } from "./context.tsx";
export type { Action } from "./use-action.ts";
export { useAction } from "./use-action.ts";
export type { Answer } from "./use-answer.ts";
export { useAnswer } from "./use-answer.ts";
export type { CancelRun } from "./use-cancel-run.ts";
export { useCancelRun } from "./use-cancel-run.ts";
export type { Document, DocumentOptions } from "./use-document.ts";
export { useDocument } from "./use-document.ts";
export type { PauseRun } from "./use-pause-run.ts";
export { usePauseRun } from "./use-pause-run.ts";
export type { RetryRun } from "./use-retry-run.ts";
export { useRetryRun } from "./use-retry-run.ts";
export type { RunRef } from "./use-run.ts";
export { useNow, useRun, useRunSource } from "./use-run.ts";
export type { Runs } from "./use-runs.ts";
export { useRuns } from "./use-runs.ts";
export type { StartRun } from "./use-start-run.ts";
export { useStartRun } from "./use-start-run.ts";
export type { Equal } from "./use-store.ts";
export { shallowEqual, useStore } from "./use-store.ts";
