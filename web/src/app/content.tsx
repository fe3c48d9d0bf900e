/** What the page is about: the way over everything that is around it leads here. */

import type { ComponentProps, ReactNode } from "react";

export const CONTENT = "content";

export function Content(props: ComponentProps<"main">): ReactNode {
  return <main tabIndex={-1} {...props} id={CONTENT} />;
}
