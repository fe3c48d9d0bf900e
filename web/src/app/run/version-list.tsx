/** All versions, newest first. */

import type { ReactNode } from "react";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { dateTime } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import { authorOf, toldVersion } from "./say-version.ts";
import css from "./version-list.module.css";

export interface VersionListProps {
  document: Document;
  present: DocumentBody;
  chosen: number;
  onChoose: (version: number) => void;
}

export function VersionList({ document, present, chosen, onChoose }: VersionListProps): ReactNode {
  const text = useText();
  const app = useAppText();
  const { editing: words } = app;
  const { versions } = document;
  return (
    <>
      <ol className={css["list"]} aria-label={words.history.list}>
        {versions.map((version) => (
          <li key={version.version}>
            <button
              type="button"
              aria-current={version.version === chosen || undefined}
              onClick={() => onChoose(version.version)}
            >
              <span className={css["number"]}>{version.version}</span>
              <span className={css["what"]}>{toldVersion({ text, app }, version, versions)}</span>
              <small>{[authorOf(version), dateTime(text, version.at)].filter(Boolean).join(", ")}</small>
              {version.version === present.version ? <Badge tone="accent">{words.now}</Badge> : null}
            </button>
          </li>
        ))}
      </ol>
      {document.moreVersions ? (
        <Button size="small" look="quiet" onClick={() => void document.loadVersions()}>
          {words.history.more}
        </Button>
      ) : null}
    </>
  );
}
