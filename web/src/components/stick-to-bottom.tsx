/** A box that stays at its end while it grows, until whoever reads it scrolls up. */

import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { useText } from "../text/context.tsx";
import { Button } from "./button.tsx";
import css from "./stick-to-bottom.module.css";

export interface StickToBottomProps {
  label: string;
  /** Whether more will come. What is finished is not scrolled. */
  growing: boolean;
  children: ReactNode;
}

/** So near to the end that whoever scrolled there wants to be at it, in CSS pixels. */
const NEAR = 32;

export function StickToBottom({ label, growing, children }: StickToBottomProps): ReactNode {
  const { live } = useText();
  const box = useRef<HTMLDivElement>(null);
  const inside = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const [stuck, setStuck] = useState(true);

  useLayoutEffect(() => {
    const { current: element } = box;
    const { current: content } = inside;
    if (!(growing && stuck && element && content)) return;
    const toEnd = (): void => {
      element.scrollTop = element.scrollHeight;
    };
    toEnd();
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(toEnd);
    observer.observe(content);
    return () => observer.disconnect();
  }, [growing, stuck]);

  const scrolled = (): void => {
    const { current: element } = box;
    if (!element) return;
    // Only whoever goes up wants to stay there: text that came since the last scrolling is no such wish.
    if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR) setStuck(true);
    else if (element.scrollTop < lastTop.current) setStuck(false);
    lastTop.current = element.scrollTop;
  };

  return (
    <div className={css["frame"]}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached without a mouse. */}
      <section className={css["box"]} ref={box} onScroll={scrolled} aria-label={label} aria-live="off" tabIndex={0}>
        <div ref={inside}>{children}</div>
      </section>
      {growing && !stuck ? (
        <Button className={css["latest"]} size="small" icon="toEnd" onClick={() => setStuck(true)}>
          {live.latest}
        </Button>
      ) : null}
    </div>
  );
}
