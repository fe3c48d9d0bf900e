/** What changes, for those who hear the page: a step that begins or ends, and how the run ends. Never the text itself. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import { hasEnded, NOTHING_ASKED, type RunView, type StepView } from "../core/view.ts";
import { useText } from "../text/context.tsx";
import type { Text } from "../text/en.ts";
import { isNearBudget } from "./budget-notice.tsx";
import { Unseen } from "./unseen.tsx";

export function Announcer({ view }: { view: RunView }): ReactNode {
  const text = useText();
  const before = useRef<RunView>(undefined);
  const [said, say] = useState("");
  useEffect(() => {
    // Who comes later hears of what was asked before, and of nothing else.
    const words = before.current ? changes(text, before.current, view) : sayAsked(text, NOTHING_ASKED, view);
    before.current = view;
    if (words.length) say(words.join(". "));
  }, [text, view]);
  return (
    <Unseen role="status" aria-live="polite">
      {said}
    </Unseen>
  );
}

/** The sentences that say how `now` differs from `before`. */
export function changes(text: Text, before: RunView, now: RunView): string[] {
  const words = now.steps
    .filter((step) => step.status !== "pending")
    .filter((step) =>
      differs(
        step,
        before.steps.find(({ id }) => id === step.id),
      ),
    )
    .map((step) => sayChange(text, step));
  words.push(...sayAsked(text, before.asked, now));
  if (isNearBudget(now) && !isNearBudget(before)) words.push(text.said.budget);
  if (hasEnded(now) && !hasEnded(before)) {
    words.push(text.modal[now.status as "complete" | "error" | "cancelled"]);
    if (now.problem) words.push(now.problem.title);
  }
  return words;
}

/** A question that is new, and the news that one was answered. */
function sayAsked(text: Text, before: RunView["asked"], now: RunView): string[] {
  if (before === now.asked || hasEnded(now)) return [];
  const known = new Set(before.map((each) => each.input_id));
  const fresh = now.asked.filter((each) => !known.has(each.input_id));
  if (!fresh.length) return [text.said.answered];
  return fresh.map(({ prompt }) => text.said.asked(prompt.split("\n", 1)[0] ?? ""));
}

function differs(step: StepView, before: StepView | undefined): boolean {
  return step.status !== before?.status || step.attempt !== before.attempt;
}

function sayChange(text: Text, step: StepView): string {
  const status = text.stepStatus[step.status];
  return step.problem ? text.said.why(step.label, status, step.problem.title) : text.said.step(step.label, status);
}
