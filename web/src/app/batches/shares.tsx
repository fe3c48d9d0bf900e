/** How the items stand, as a picture: each kind as wide as there are items of it. It says nothing by itself. */

import type { ReactNode } from "react";
import type { Counts } from "../../core/contract.ts";
import css from "./shares.module.css";

export const KINDS = ["complete", "skipped", "failed", "cancelled", "running"] as const;

export function Shares({ counts }: { counts: Counts | undefined }): ReactNode {
  return (
    <div className={css["track"]} aria-hidden="true">
      {KINDS.map((kind) => (
        <span key={kind} data-kind={kind} style={{ inlineSize: `${100 * shareOf(counts, kind)}%` }} />
      ))}
    </div>
  );
}

function shareOf(counts: Counts | undefined, kind: (typeof KINDS)[number]): number {
  if (!counts?.total) return 0;
  // The skipped are among the complete.
  const items = kind === "complete" ? counts.complete - counts.skipped : counts[kind];
  return items / counts.total;
}
