/** The history of a framework: who did what and when, each version to be looked at and gone back to. */

import { type ReactNode, useId, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { useAppText } from "../text/languages.tsx";
import { AuthorLine } from "./author-dialog.tsx";
import { VersionList } from "./version-list.tsx";
import { VersionShown } from "./version-shown.tsx";
import css from "./versions-dialog.module.css";

export interface VersionsDialogProps {
  open: boolean;
  document: Document;
  present: DocumentBody;
  onClose: () => void;
}

export function VersionsDialog({ open, onClose, ...rest }: VersionsDialogProps): ReactNode {
  const id = useId();
  const { history: words } = useAppText().editing;
  const { close } = useText();
  return (
    <Dialog open={open} onDismiss={onClose} className={css["dialog"] ?? ""} aria-labelledby={id}>
      <header className={css["head"]}>
        <h2 id={id}>{words.title}</h2>
        <Button look="quiet" size="small" icon="cross" bare onClick={onClose}>
          {close}
        </Button>
      </header>
      <Versions {...rest} onClose={onClose} />
    </Dialog>
  );
}

function Versions({ document, present, onClose }: Omit<VersionsDialogProps, "open">): ReactNode {
  const [chosen, choose] = useState<number>();
  const list = useRef<HTMLDivElement>(null);
  const back = (): void => {
    // Where there is room for one of the two only, the list comes back in this place.
    flushSync(() => choose(undefined));
    list.current?.querySelector<HTMLElement>("[aria-current]")?.focus();
  };
  return (
    <div className={css["both"]} data-chosen={chosen !== undefined || undefined}>
      <div className={css["left"]} ref={list}>
        <VersionList document={document} present={present} chosen={chosen ?? present.version} onChoose={choose} />
        <AuthorLine />
      </div>
      <VersionShown
        key={chosen ?? present.version}
        number={chosen ?? present.version}
        chosen={chosen !== undefined}
        document={document}
        present={present}
        onBack={back}
        onRestored={onClose}
      />
    </div>
  );
}
