/** What can be seen: read this file for all that there is. Bring the package's style.css with it. */

export { TextProvider, useText } from "../text/context.tsx";
export type { Text } from "../text/en.ts";
export { en } from "../text/en.ts";
export type { GenerationProgressModalProps } from "./generation-progress-modal.tsx";
export { GenerationProgressModal } from "./generation-progress-modal.tsx";
export { Markdown } from "./markdown/markdown.tsx";
export { OverallProgress } from "./overall-progress.tsx";
export { ReplayBar } from "./replay-bar.tsx";
export { StepList } from "./step-list.tsx";
export type { StepRowProps } from "./step-row.tsx";
export { StepRow } from "./step-row.tsx";
export type { StreamingTextProps } from "./streaming-text.tsx";
export { StreamingText } from "./streaming-text.tsx";
