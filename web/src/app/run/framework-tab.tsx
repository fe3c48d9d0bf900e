/** The framework of a run. */

import type { ReactNode } from "react";
import { FrameworkView } from "../../components/framework-view.tsx";
import type { Framework, Scores } from "../../components/vision.ts";
import type { RunView } from "../../core/view.ts";
import type { Input } from "./run-page.tsx";

export interface FrameworkTabProps {
  view: RunView;
  framework: Partial<Framework>;
  scores: Scores;
  input: Input | undefined;
}

export function FrameworkTab({ framework, scores }: FrameworkTabProps): ReactNode {
  return <FrameworkView framework={framework} scores={scores} />;
}
