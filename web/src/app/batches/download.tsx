/** The results as a file: straight to the disk, unless the server wants a token, which no link can carry. */

import type { ReactNode } from "react";
import { Button, buttonClass } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";
import { useClient } from "../../react/context.tsx";
import { useAction } from "../../react/use-action.ts";
import css from "../page-header.module.css";
import { save } from "../save.ts";
import { useAppText } from "../text/languages.tsx";
import { storedToken } from "../token.tsx";
import type { Batch } from "./batch.ts";
import { addressOf } from "./wire.ts";

const TIMEOUT_MS = 60_000;

export function Download({ batch }: { batch: Batch }): ReactNode {
  const { page: words } = useAppText().batches;
  const { http } = useClient();
  const address = `${addressOf(batch.batchId)}/results`;
  const file = `${batch.name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-") || batch.batchId}.jsonl`;
  const { run, pending, problem } = useAction(async () => {
    const response = await http(address, { timeoutMs: TIMEOUT_MS });
    save(file, await response.blob());
  });
  if (storedToken() === undefined) {
    return (
      <a className={buttonClass({ size: "small" })} href={address} download={file}>
        <Icon name="download" />
        {words.download}
      </a>
    );
  }
  return (
    <>
      {problem ? (
        <p className={css["problem"]} role="alert">
          {problem.title}
        </p>
      ) : null}
      <Button size="small" icon="download" aria-busy={pending} onClick={() => void run()}>
        {words.download}
      </Button>
    </>
  );
}
