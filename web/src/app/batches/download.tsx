/** The results as a file: by a link straight to the disk, unless the request needs a header, for a token or a type. */

import type { ReactNode } from "react";
import { Button, buttonClass } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";
import { useClient } from "../../react/context.tsx";
import { useAction } from "../../react/use-action.ts";
import css from "../page-header.module.css";
import { fileName, save } from "../save.ts";
import { useAppText } from "../text/languages.tsx";
import { storedToken } from "../token.tsx";
import type { Batch } from "./batch.ts";
import { addressOf } from "./wire.ts";

const TIMEOUT_MS = 60_000;
const TYPES = { jsonl: "application/x-ndjson", csv: "text/csv" };

export function Download({ batch }: { batch: Batch }): ReactNode {
  const { page: words } = useAppText().batches;
  const { http } = useClient();
  const address = `${addressOf(batch.batchId)}/results`;
  const { run, pending, problem } = useAction(async (ending: keyof typeof TYPES) => {
    const response = await http(address, { headers: { Accept: TYPES[ending] }, timeoutMs: TIMEOUT_MS });
    save(fileName(batch.name, ending), await response.blob());
  });
  return (
    <>
      {problem ? (
        <p className={css["problem"]} role="alert">
          {problem.title}
        </p>
      ) : null}
      {storedToken() === undefined ? (
        <a className={buttonClass({ size: "small" })} href={address} download={fileName(batch.name, "jsonl")}>
          <Icon name="download" />
          {words.download}
        </a>
      ) : (
        <Button size="small" icon="download" aria-busy={pending} onClick={() => void run("jsonl")}>
          {words.download}
        </Button>
      )}
      <Button size="small" icon="download" aria-busy={pending} onClick={() => void run("csv")}>
        {words.downloadCsv}
      </Button>
    </>
  );
}
