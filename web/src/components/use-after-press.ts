/** What appears when a field is left must not move away what is just being pressed: the press would miss it. */

import { useCallback, useEffect, useRef } from "react";

/** Gives a way to do something at once or, while a button of the mouse or a finger is down, behind the click. */
export function useAfterPress(): (act: () => void) => void {
  const pressed = useRef(false);
  useEffect(() => {
    // A finger's mousedown comes as well, and it is there that a field loses the focus.
    const down = (): void => {
      pressed.current = true;
    };
    const up = (): void => {
      pressed.current = false;
    };
    document.addEventListener("mousedown", down, true);
    document.addEventListener("mouseup", up, true);
    return () => {
      document.removeEventListener("mousedown", down, true);
      document.removeEventListener("mouseup", up, true);
    };
  }, []);
  return useCallback((act: () => void): void => {
    if (pressed.current) document.addEventListener("mouseup", () => setTimeout(act), { once: true, capture: true });
    else act();
  }, []);
}
