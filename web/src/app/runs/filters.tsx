/** Which runs are shown. What is chosen is in the address. */

import type { ReactNode } from "react";
import type { RunStatus } from "../../core/view.ts";
import { useText } from "../../text/context.tsx";
import { usePipelines } from "../pipelines.ts";
import { navigate, withQuery } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import css from "./runs-page.module.css";

const STATUSES: readonly RunStatus[] = ["queued", "running", "waiting", "paused", "complete", "error", "cancelled"];

export interface FiltersProps {
  query: URLSearchParams;
  status: RunStatus | undefined;
  pipeline: string | undefined;
}

export function Filters({ query, status, pipeline }: FiltersProps): ReactNode {
  const { list } = useAppText();
  const text = useText();
  const { all } = usePipelines();
  const set = (name: string, value: string): void =>
    navigate(withQuery(query, { [name]: value || undefined }), { replace: true });
  return (
    <div className={css["filters"]}>
      <label>
        {list.status}
        <select value={status ?? ""} onChange={(event) => set("status", event.target.value)}>
          <option value="">{list.any}</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {text.runStatus[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {list.pipeline}
        <select value={pipeline ?? ""} onChange={(event) => set("pipeline", event.target.value)}>
          <option value="">{list.any}</option>
          {all?.map((each) => (
            <option key={each.name} value={each.name}>
              {each.label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
