/** The browser's own modal dialog: it keeps the focus inside, and gives it back when it closes. */

import { type ComponentProps, type ReactNode, useLayoutEffect, useRef } from "react";
import { cx } from "./cx.ts";
import css from "./dialog.module.css";
import { focusPage, keepInside } from "./focus.ts";

export interface DialogProps extends Omit<ComponentProps<"dialog">, "open" | "onClose" | "onCancel"> {
  open: boolean;
  /** Escape was pressed. The dialog closes when `open` says so, and not by itself. */
  onDismiss: () => void;
  children: ReactNode;
}

export function Dialog({ open, ...rest }: DialogProps): ReactNode {
  return open ? <Opened {...rest} /> : null;
}

function Opened({ onDismiss, className, children, ...rest }: Omit<DialogProps, "open">): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  // Closed while it is still in the document: a dialog that is taken out of it gives the focus back to nobody.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    element.showModal();
    // Where to begin reading, where that is not the first thing that takes the focus.
    element.querySelector<HTMLElement>("[data-focus]")?.focus();
    return () => {
      element.close();
      // What opened it may be gone with its page.
      focusPage(element);
    };
  }, []);
  return (
    <dialog
      {...rest}
      ref={dialog}
      className={cx(css["dialog"], className)}
      onKeyDown={(event) => {
        if (event.key === "Tab" && !event.defaultPrevented && dialog.current) keepInside(dialog.current, event);
      }}
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
