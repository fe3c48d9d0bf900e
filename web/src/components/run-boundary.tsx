/** An error while a run is shown costs the part that shows it, and nothing of the app around it. */

import { Component, type ReactNode } from "react";
import type { RunRef } from "../react/use-run.ts";
import { useText } from "../text/context.tsx";
import { ProblemPanel } from "./problem-panel.tsx";

export interface RunBoundaryProps {
  /** Another run is tried again. So is another `part` of the same one. */
  runId: string | undefined;
  part?: string | undefined;
  /** Shown in place of `children`; without it a message with the run's id. */
  instead?: ReactNode;
  children: ReactNode;
}

interface State {
  readonly tried: string;
  readonly broken: boolean;
}

// biome-ignore lint/style/useReactFunctionComponents: only a class may catch what breaks below it.
export class RunBoundary extends Component<RunBoundaryProps, State> {
  override state: State = { tried: triedOf(this.props), broken: false };

  static getDerivedStateFromError(): Partial<State> {
    return { broken: true };
  }

  static getDerivedStateFromProps(props: RunBoundaryProps, { tried }: State): State | null {
    const now = triedOf(props);
    return now === tried ? null : { tried: now, broken: false };
  }

  override render(): ReactNode {
    const { runId, instead, children } = this.props;
    return this.state.broken ? (instead ?? <Broken runId={runId} />) : children;
  }
}

/** Says of a part, or of the whole run, that it cannot be shown. */
export function Broken({ runId, whole = false }: { runId: string | undefined; whole?: boolean }): ReactNode {
  const { broken } = useText();
  const words = whole ? { title: broken.title, detail: broken.detail } : { title: broken.part, detail: "" };
  const problem = { type: "about:blank", ...words };
  return <ProblemPanel problem={problem} note={runId ? broken.run(runId) : undefined} />;
}

export function idOf(run: RunRef | undefined): string | undefined {
  return typeof run === "object" ? run.runId : run;
}

function triedOf({ runId = "", part = "" }: RunBoundaryProps): string {
  return `${runId} ${part}`;
}
