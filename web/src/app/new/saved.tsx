/** When the draft was last kept. */

import { type ReactNode, useEffect, useState } from "react";
import { Icon } from "../../components/icon.tsx";
import { useText } from "../../text/context.tsx";
import { duration } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import type { Draft } from "./draft.ts";
import css from "./wizard.module.css";

export function Saved({ draft }: { draft: Draft }): ReactNode {
  const { wizard } = useAppText();
  const text = useText();
  const now = useClock();
  const { savedAt, pending, refused } = draft;
  if (refused) return <span className={css["refused"]}>{wizard.notSaved}</span>;
  if (pending) return <span className={css["saved"]}>{wizard.saving}</span>;
  if (savedAt === undefined) return null;
  const ago = Math.max(0, now - savedAt);
  return (
    <span className={css["saved"]}>
      <Icon name="check" size={14} />
      {ago < 1500 ? wizard.savedNow : wizard.saved(duration(text, coarse(ago), true))}
    </span>
  );
}

/** After a minute nobody wants the seconds. */
function coarse(ms: number): number {
  return ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000;
}

function useClock(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
