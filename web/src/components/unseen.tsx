/** Words for those who hear the page. */

import type { ComponentProps, ReactNode } from "react";
import css from "./button.module.css";

export function Unseen(props: ComponentProps<"span">): ReactNode {
  return <span {...props} className={css["unseen"]} />;
}
