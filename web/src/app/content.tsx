/** What the page is about: the way over everything that is around it leads here, and so does a link to another page. */

import { type ComponentProps, type ReactNode, useEffect } from "react";
import { focusPage } from "../components/focus.ts";
import { hasMoved } from "./router.tsx";

export const CONTENT = "content";

export function Content(props: ComponentProps<"main">): ReactNode {
  // What was followed to here may have gone with the page that it was on.
  useEffect(() => {
    if (hasMoved()) focusPage();
  }, []);
  return <main tabIndex={-1} {...props} id={CONTENT} />;
}
