/** One version of a document, as it was: it never changes, so it is asked for once. */

import { useEffect, useState } from "react";
import type { Problem } from "../../core/contract.ts";
import { RequestError } from "../../core/errors.ts";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";

export interface LoadedVersion {
  readonly version: DocumentBody | undefined;
  readonly problem: Problem | undefined;
}

export function useVersion(document: Document, number: number, present: DocumentBody): LoadedVersion {
  const [loaded, setLoaded] = useState<LoadedVersion>({ version: undefined, problem: undefined });
  const { version: load } = document;
  const here = number === present.version;
  useEffect(() => {
    if (here) return;
    const leaving = new AbortController();
    load(number, leaving.signal).then(
      (version) => setLoaded({ version, problem: undefined }),
      (error: unknown) => {
        if (leaving.signal.aborted) return;
        if (!(error instanceof RequestError)) throw error;
        setLoaded({ version: undefined, problem: error.problem });
      },
    );
    return () => leaving.abort();
  }, [load, number, here]);
  return here ? { version: present, problem: undefined } : loaded;
}
