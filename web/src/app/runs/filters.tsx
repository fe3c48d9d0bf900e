/** Which runs are shown. What is chosen is in the address. */

import type { ReactNode } from "react";
import type { RunStatus } from "../../core/view.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { usePipelines } from "../pipelines.ts";
import { navigate, withQuery } from "../router.tsx";
import { useAppText } from "../text/languages.tsx";
import css from "./runs-page.module.css";

export const STATUSES: readonly RunStatus[] = [
  "queued",
  "running",
  "waiting",
  "paused",
  "complete",
  "error",
  "cancelled",
];
/** Every pipeline, also those whose runs are a part of other runs. */
export const ALL = "all";

export interface FiltersProps {
  query: URLSearchParams;
  status: RunStatus | undefined;
  pipeline: string | undefined;
}

export function Filters({ query, status, pipeline }: FiltersProps): ReactNode {
  const { list } = useAppText();
  const text = useText();
  const { all } = usePipelines();
  const names = (all ?? []).map(({ name, label }): [string, string] => [name, label]);
  // What the address names is shown as chosen, also before the server has told what there is.
  if (pipeline && pipeline !== ALL && !names.some(([name]) => name === pipeline)) {
    names.push([pipeline, nameOf(text, pipeline)]);
  }
  const set = (name: string, value: string): void => navigate(withQuery(query, { [name]: value || undefined }));
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
          <option value="">{list.noRefinements}</option>
          <option value={ALL}>{list.any}</option>
          {names.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
