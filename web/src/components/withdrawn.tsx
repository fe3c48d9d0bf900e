/** What an attempt wrote that failed: struck through, fading, and gone after a moment. */

import { type ReactNode, useEffect, useState } from "react";
import type { Draft } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import { StreamingText } from "./streaming-text.tsx";
import css from "./withdrawn.module.css";

const SHOWN_MS = 4000;

export function Withdrawn({ drafts }: { drafts: readonly Draft[] }): ReactNode {
  const [gone, setGone] = useState<readonly Draft[]>();
  useEffect(() => {
    if (!drafts.length) return;
    const timer = setTimeout(() => setGone(drafts), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [drafts]);
  if (!drafts.length || gone === drafts) return null;
  return <Fading drafts={drafts} />;
}

function Fading({ drafts }: { drafts: readonly Draft[] }): ReactNode {
  const { live } = useText();
  return (
    <div className={css["withdrawn"]}>
      <p className={css["why"]}>{live.withdrawn}</p>
      {drafts.map((draft) => (
        <del key={`${draft.owner}/${draft.lane ?? ""}`} className={css["text"]}>
          <StreamingText text={draft.text.toString()} streaming={false} />
        </del>
      ))}
    </div>
  );
}
