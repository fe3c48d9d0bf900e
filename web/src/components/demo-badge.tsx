/** That what is seen was not written by a real model. */

import type { ReactNode } from "react";
import { useText } from "../text/context.tsx";
import { Badge } from "./badge.tsx";

const DEMO = "stepglass-demo";

export function DemoBadge({ models }: { models: readonly string[] }): ReactNode {
  const { modal } = useText();
  if (!models.some((model) => model.startsWith(DEMO))) return null;
  return (
    <Badge tone="neutral" title={modal.demoHint}>
      {modal.demo}
    </Badge>
  );
}
