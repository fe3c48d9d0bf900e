/** What may be done with a section. */

import type { ComponentProps, ReactNode } from "react";
import { Button } from "../../components/button.tsx";
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
  const called = nameOf(text, name);
  const tool = (what: "edit" | "refine"): ComponentProps<typeof Button> => ({
    ref: home(name, what),
    size: "small",
    look: "quiet",
    onClick: () => onBegin(what),
  });
  return (
    <>
      <Button {...tool("edit")} icon="pencil" aria-label={framework.editing(called)}>
        {framework.edit}
      </Button>
      <Button {...tool("refine")} icon="wand" aria-label={refine.title(called)}>
        {refine.open}
      </Button>
    </>
  );
}
