/** What the tab is called. */

import { useEffect } from "react";

export function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (title) document.title = `${title} · Stepglass`;
  }, [title]);
}
