/** What the tab is called. */

import { useEffect } from "react";

let [name, mark] = ["Stepglass", ""];

export function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (!title) return;
    name = `${title} · Stepglass`;
    write();
  }, [title]);
}

/** What stands before every title meanwhile, to be seen from another tab. */
export function useTitleMark(given: string | undefined): void {
  useEffect(() => {
    if (given === undefined) return;
    mark = `${given} `;
    write();
    return () => {
      mark = "";
      write();
    };
  }, [given]);
}

function write(): void {
  document.title = mark + name;
}
