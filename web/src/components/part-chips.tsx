/** The parts of a result that hold already, one after the other as they come. */

import type { ReactNode } from "react";
import { useText } from "../text/context.tsx";
import { nameOf } from "../text/format.ts";
import { Icon } from "./icon.tsx";
import css from "./part-chips.module.css";

/** `parts` are JSON Pointers; the last name in one is what it is called. */
export function PartChips({ parts }: { parts: ReadonlySet<string> }): ReactNode {
  const text = useText();
  if (!parts.size) return null;
  return (
    <ul className={css["chips"]} aria-label={text.live.parts}>
      {[...parts].map((pointer) => (
        <li key={pointer} className={css["chip"]}>
          <Icon name="check" size={12} />
          {nameOf(text, pointer.split("/").at(-1) ?? "")}
        </li>
      ))}
    </ul>
  );
}
