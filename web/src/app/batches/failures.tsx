/** What failed, and why; and the way to do it again. */

import { type ReactNode, useMemo, useRef } from "react";
import { Button } from "../../components/button.tsx";
import { randomKey } from "../../core/key.ts";
import { useClient } from "../../react/context.tsx";
import { useAction } from "../../react/use-action.ts";
import { navigate } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import { type Batch, isOver } from "./batch.ts";
import css from "./failures.module.css";
import { type Items, reasonsOf } from "./items.ts";
import { retryBatch } from "./wire.ts";

/** Reasons that are told. */
const MOST = 5;

export function Failures({ batch, items }: { batch: Batch; items: Items }): ReactNode {
  const { failures: words } = useAppText().batches;
  const reasons = useMemo(() => reasonsOf(items), [items]);
  const failed = batch.counts?.failed ?? 0;
  const left = failed + (batch.counts?.cancelled ?? 0);
  // While it goes on, failures are the first of the table. A batch that failed before anybody had looked at its items
  // has all of them left.
  if (!(isOver(batch) && (left || batch.status !== "complete"))) return null;
  return (
    <section className={css["failures"]} data-calm={!failed || undefined}>
      <div className={css["head"]}>
        <h2>{failed ? words.title(failed) : left ? words.left(left) : words.allLeft}</h2>
        <Retry batch={batch} primary={!batch.forks.length} />
      </div>
      {reasons.length ? (
        <ul>
          {reasons.slice(0, MOST).map(({ title, detail, items: count }) => (
            <li key={title}>
              <strong>{title || words.unknown}</strong> <span>{words.items(count)}</span>
              {detail && detail !== title ? <p>{detail}</p> : null}
            </li>
          ))}
        </ul>
      ) : null}
      <p className={css["note"]}>{words.note}</p>
    </section>
  );
}

function Retry({ batch, primary }: { batch: Batch; primary: boolean }): ReactNode {
  const { failures: words } = useAppText().batches;
  const { http } = useClient();
  const key = useRef<string>(undefined);
  const { run, pending, problem } = useAction(async () => {
    // The same again is the same batch, as long as we do not know that it has begun.
    key.current ??= randomKey();
    const begun = await retryBatch(http, batch.batchId, key.current);
    key.current = undefined;
    navigate(`/batches/${begun}`);
  });
  const { failed = 0, cancelled = 0 } = batch.counts ?? {};
  const label = pending ? words.retrying : failed && !cancelled ? words.retry : words.retryLeft;
  return (
    <>
      {problem ? (
        <p className={css["problem"]} role="alert">
          {problem.title}. {problem.detail}
        </p>
      ) : null}
      <Button look={primary ? "primary" : "plain"} icon="again" aria-busy={pending} onClick={() => void run()}>
        {label}
      </Button>
    </>
  );
}
