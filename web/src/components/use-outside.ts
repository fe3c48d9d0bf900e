/** Noticing that somebody goes on elsewhere: what lies open over the page closes then. */

import { useEffect, useRef } from "react";

export function useOutside(box: { readonly current: HTMLElement | null }, open: boolean, onOutside: () => void): void {
  const latest = useRef(onOutside);
  useEffect(() => {
    latest.current = onOutside;
  }, [onOutside]);
  useEffect(() => {
    if (!open) return;
    const pressed = (event: PointerEvent): void => {
      if (!box.current?.contains(event.target as Node)) latest.current();
    };
    document.addEventListener("pointerdown", pressed);
    return () => document.removeEventListener("pointerdown", pressed);
  }, [open, box]);
}
