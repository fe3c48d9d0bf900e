/** The way from a run to the batch that it is a part of. */

import { type ReactNode, useEffect, useState } from "react";
import { RequestError } from "../../core/errors.ts";
import { useClient } from "../../react/context.tsx";
import { Link } from "../router.tsx";
import css from "../run/relatives.module.css";
import { useAppText } from "../text/languages.tsx";
import { getBatch } from "./wire.ts";

/** `about` is the run that this one is about, which may be no batch at all: then there is no way. */
export function PartOf({ about }: { about: string | undefined }): ReactNode {
  const { page: words } = useAppText().batches;
  const name = useName(about);
  if (about === undefined) return null;
  return (
    <p className={css["relatives"]}>
      {/* Its place is kept until the name is there. */}
      {name === undefined ? (
        "\u00a0"
      ) : (
        <span>
          {words.about}{" "}
          <Link className={css["named"]} href={`/batches/${about}`}>
            {name}
          </Link>
        </span>
      )}
    </p>
  );
}

function useName(batchId: string | undefined): string | undefined {
  const { http } = useClient();
  const [name, setName] = useState<string>();
  useEffect(() => {
    if (batchId === undefined) return;
    const leaving = new AbortController();
    const ask = async (): Promise<void> => {
      try {
        const batch = await getBatch(http, batchId, leaving.signal);
        setName(batch.name || batchId);
      } catch (error) {
        // Without the way back the page is as good.
        if (!(leaving.signal.aborted || error instanceof RequestError)) throw error;
      }
    };
    void ask();
    return () => leaving.abort();
  }, [http, batchId]);
  return name;
}
