/** What can be seen: read this file for all that there is. Bring the package's style.css with it. */

export { TextProvider, useText } from "../text/context.tsx";
export type { Text } from "../text/en.ts";
export { en } from "../text/en.ts";
export { BeforeAfter } from "./before-after.tsx";
export type { FrameworkViewProps } from "./framework-view.tsx";
export { FrameworkView } from "./framework-view.tsx";
export type { GenerationProgressModalProps } from "./generation-progress-modal.tsx";
export { GenerationProgressModal } from "./generation-progress-modal.tsx";
export { Markdown } from "./markdown/markdown.tsx";
export { OverallProgress } from "./overall-progress.tsx";
export type { QuestionsProps } from "./questions.tsx";
export { Questions } from "./questions.tsx";
export type { QuickAction, RefinePanelProps, Wish } from "./refine-panel.tsx";
export { RefinePanel } from "./refine-panel.tsx";
export { ReplayBar } from "./replay-bar.tsx";
export { RunStatusBar } from "./run-status-bar.tsx";
export { RunTimeline } from "./run-timeline.tsx";
export { ScoreCard } from "./score-card.tsx";
export type { SectionEditorProps } from "./section-editor.tsx";
export { SectionEditor } from "./section-editor.tsx";
export { StepList } from "./step-list.tsx";
export type { StepRowProps } from "./step-row.tsx";
export { StepRow } from "./step-row.tsx";
export type { StreamingTextProps } from "./streaming-text.tsx";
export { StreamingText } from "./streaming-text.tsx";
export type { Framework, ScoreCardData, Scores, SectionName } from "./vision.ts";
