/** What may be done with a section. */

import type { ReactNode } from "react";
import { Button } from "../../components/button.tsx";
import { Unseen } from "../../components/unseen.tsx";
import type { SectionName } from "../../components/vision.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";

export interface SectionToolsProps {
  name: SectionName;
  home: (name: SectionName, what: "edit" | "refine") => (button: HTMLElement | null) => void;
  onBegin: (what: "edit" | "refine") => void;
}

export function SectionTools({ name, home, onBegin }: SectionToolsProps): ReactNode {
  const text = useText();
  const { framework, refine } = text;
  // Six buttons of one name would be told apart by nobody who hears them.
  const of = <Unseen>{` ${nameOf(text, name)}`}</Unseen>;
  return (
    <>
      <Button ref={home(name, "edit")} size="small" look="quiet" icon="pencil" onClick={() => onBegin("edit")}>
        {framework.edit}
        {of}
      </Button>
      <Button ref={home(name, "refine")} size="small" look="quiet" icon="wand" onClick={() => onBegin("refine")}>
        {refine.open}
        {of}
      </Button>
    </>
  );
}
