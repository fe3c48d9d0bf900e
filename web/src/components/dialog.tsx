/** The browser's own modal dialog: it keeps the focus inside, and gives it back when it closes. */

import { type ComponentProps, type ReactNode, useEffect, useRef } from "react";
import { cx } from "./cx.ts";
import css from "./dialog.module.css";

export interface DialogProps extends Omit<ComponentProps<"dialog">, "open" | "onClose" | "onCancel"> {
  open: boolean;
  /** Escape was pressed. The dialog closes when `open` says so, and not by itself. */
  onDismiss: () => void;
  children: ReactNode;
}

export function Dialog({ open, onDismiss, className, children, ...rest }: DialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (!(open && element)) return;
    element.showModal();
    // Where to begin reading, where that is not the first thing that takes the focus.
    element.querySelector<HTMLElement>("[data-focus]")?.focus();
    return () => element.close();
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      {...rest}
      ref={dialog}
      className={cx(css["dialog"], className)}
      onCancel={(event) => {
        if (event.target !== dialog.current) return;
        event.preventDefault();
        onDismiss();
      }}
    >
      {children}
    </dialog>
  );
}
