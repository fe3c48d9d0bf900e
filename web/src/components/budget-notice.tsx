/** That most of what a run may cost is spent, while it goes on. */

import type { ReactNode } from "react";
import { hasEnded, type RunView } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import { money } from "../text/format.ts";
import notice from "./notice.module.css";

/** As the engine warns of it (steps/_budget.py). */
const MOST = 0.8;

export function isNearBudget({ costUsd, maxCostUsd }: RunView): boolean {
  return costUsd !== undefined && maxCostUsd !== undefined && costUsd >= maxCostUsd * MOST;
}

export function BudgetNotice({ view }: { view: RunView }): ReactNode {
  const text = useText();
  const { costUsd = 0, maxCostUsd = 0 } = view;
  if (hasEnded(view) || !isNearBudget(view)) return null;
  const percent = Math.floor((costUsd / maxCostUsd) * 100);
  return (
    <div className={notice["notice"]}>
      <p>{text.modal.budget(text.percent(percent), money(text, maxCostUsd))}</p>
    </div>
  );
}
