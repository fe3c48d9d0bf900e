/** A dot that breathes: something is alive. */

import type { ReactNode } from "react";
import css from "./pulse.module.css";

export function Pulse(): ReactNode {
  return <span className={css["pulse"]} aria-hidden="true" />;
}
