/** The head of the modal: what is made, how it is going, and the way out. */

import type { ReactNode } from "react";
import type { RunView } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import { Button } from "./button.tsx";
import { DemoBadge } from "./demo-badge.tsx";
import css from "./modal-header.module.css";
import { StatusBadge } from "./status-badge.tsx";

export interface ModalHeaderProps {
  titleId: string;
  title: string;
  lead: string;
  view: RunView;
  onClose: () => void;
}

export function ModalHeader({ titleId, title, lead, view, onClose }: ModalHeaderProps): ReactNode {
  const text = useText();
  return (
    <header className={css["header"]}>
      <div className={css["words"]}>
        <h2 id={titleId} tabIndex={-1} data-focus={true} className={css["title"]}>
          {title}
        </h2>
        {view.status === "paused" || view.status === "waiting" ? <StatusBadge status={view.status} /> : null}
        <DemoBadge models={view.models} />
        <p className={css["lead"]}>{lead}</p>
      </div>
      <Button look="quiet" icon="cross" bare onClick={onClose}>
        {text.close}
      </Button>
    </header>
  );
}
