/** Where the focus goes when what had it is gone: back to the button that opened it. */

import { useEffect, useRef } from "react";

export interface GivenBack {
  /** For the `ref` of a button. */
  home(key: string): (button: HTMLElement | null) => void;
  /** As soon as that button is there. */
  giveBack(key: string): void;
}

export function useGivenBack(): GivenBack {
  const homes = useRef(new Map<string, HTMLElement>());
  const wanted = useRef<string>(undefined);
  useEffect(() => {
    const button = wanted.current === undefined ? undefined : homes.current.get(wanted.current);
    if (!button) return;
    wanted.current = undefined;
    button.focus({ preventScroll: true });
  });
  return {
    home: (key) => (button) => {
      if (button) homes.current.set(key, button);
      else homes.current.delete(key);
    },
    giveBack: (key) => {
      wanted.current = key;
    },
  };
}
