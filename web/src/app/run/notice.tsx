/** A line about how things are, above what it is about. */

import type { ReactNode } from "react";
import notice from "../../components/notice.module.css";
import css from "./notice.module.css";

export function Notice({ words, children }: { words: string; children?: ReactNode }): ReactNode {
  return (
    <div className={`${notice["notice"]} ${css["above"]}`} data-tone="warn" role="status">
      <p>{words}</p>
      {children}
    </div>
  );
}
