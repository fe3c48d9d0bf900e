/** Panes of glass, one behind the other. */

import type { ReactNode } from "react";
import css from "./shell.module.css";

export function Logo(): ReactNode {
  return (
    <svg className={css["logo"]} viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      <rect x="2" y="9" width="11" height="13" rx="3" opacity=".35" />
      <rect x="6.5" y="5.5" width="11" height="13" rx="3" opacity=".55" />
      <rect x="11" y="2" width="11" height="13" rx="3" />
    </svg>
  );
}
