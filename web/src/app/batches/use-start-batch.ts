/** Starting a batch: once, however often the button is pressed and however often the answer is lost. */

import { useRef } from "react";
import type { Problem } from "../../core/contract.ts";
import { randomKey } from "../../core/key.ts";
import { useClient } from "../../react/context.tsx";
import { useAction } from "../../react/use-action.ts";
import { type Order, startBatch } from "./wire.ts";

export interface StartBatch {
  /** Gives the id of the batch, or undefined for what went wrong, which is in `problem`. */
  start(lines: string, order: Order): Promise<string | undefined>;
  readonly starting: boolean;
  readonly problem: Problem | undefined;
}

export function useStartBatch(): StartBatch {
  const { http } = useClient();
  const asked = useRef<{ lines: string; order: string; key: string }>(undefined);
  const { run, pending, problem } = useAction((lines: string, order: Order) => {
    const what = JSON.stringify(order);
    if (asked.current?.lines !== lines || asked.current.order !== what) {
      asked.current = { lines, order: what, key: randomKey() };
    }
    return startBatch(http, lines, order, asked.current.key);
  });
  return { start: run, starting: pending, problem };
}
