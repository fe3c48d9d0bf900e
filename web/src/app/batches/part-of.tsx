/** The way from a run to the batch that it is a part of. */

import type { ReactNode } from "react";
import css from "../run/relatives.module.css";
import { Way } from "../run/relatives.tsx";
import { useAppText } from "../text/languages.tsx";

/** Its name is not asked for: a batch is large, and this is one of ten thousand runs. */
export function PartOf({ batchId }: { batchId: string | undefined }): ReactNode {
  const { page: words } = useAppText().batches;
  if (batchId === undefined) return null;
  return (
    <p className={css["relatives"]}>
      <Way words={words.about} ids={[batchId]} below="/batches" />
    </p>
  );
}
