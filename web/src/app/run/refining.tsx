/** A section that is written anew: the wish, the run that fulfils it, and what becomes of it. */

import { type ReactNode, useState } from "react";
import { RefinePanel, type Wish } from "../../components/refine-panel.tsx";
import type { Framework, SectionName } from "../../components/vision.ts";
import type { Problem } from "../../core/contract.ts";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import { useToast } from "../toast.tsx";
import type { Refinements } from "./use-refinements.ts";

export interface RefiningProps {
  name: SectionName;
  document: Document;
  present: DocumentBody;
  refinements: Refinements;
  onUndo: () => void;
  onClose: () => void;
}

export function Refining({ name, document, present, refinements, onUndo, onClose }: RefiningProps): ReactNode {
  const text = useText();
  const { editing: words } = useAppText();
  const toast = useToast();
  const [pending, setPending] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = refinements.of(name)?.runId;

  const wish = async (wanted: Wish): Promise<void> => {
    setPending(true);
    setProblem(undefined);
    const started = await document.refine(name, wanted);
    setPending(false);
    if ("problem" in started) setProblem(started.problem);
    else refinements.add({ runId: started.runId, section: name, together: false });
  };
  const accept = async (runId: string): Promise<void> => {
    setProblem(undefined);
    const change = await document.apply(runId);
    // That the section is another one by now is said where the two versions are compared.
    if (change.problem) return change.outrun ? undefined : setProblem(change.problem);
    refinements.drop([runId]);
    onClose();
    toast({ words: words.refined(nameOf(text, name)), action: { label: text.undo, act: onUndo } });
  };
  const discard = (): void => {
    if (run !== undefined) refinements.drop([run]);
    onClose();
  };
  return (
    <RefinePanel
      name={name}
      run={run}
      present={present.framework[name] as Framework[SectionName]}
      pending={pending || document.changing}
      problem={problem}
      onWish={(wanted) => void wish(wanted)}
      onAccept={(runId) => void accept(runId)}
      onDiscard={discard}
      onStop={(runId) => {
        refinements.stop([runId]);
        onClose();
      }}
    />
  );
}
