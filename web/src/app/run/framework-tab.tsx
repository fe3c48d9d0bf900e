/** The framework of a run: to be read while it is being written, and to be worked on when it is there. */

import type { ReactNode } from "react";
import { Button } from "../../components/button.tsx";
import { FrameworkView } from "../../components/framework-view.tsx";
import type { Document } from "../../react/use-document.ts";
import { useAppText } from "../text/languages.tsx";
import type { Documents } from "./documents.ts";
import { Notice } from "./notice.tsx";
import { Workbench } from "./workbench.tsx";

export interface FrameworkTabProps {
  runId: string;
  documents: Documents;
  document: Document;
}

export function FrameworkTab({ runId, documents, document }: FrameworkTabProps): ReactNode {
  const { editing: words, retry } = useAppText();
  const { framework = {}, scores, present } = documents;
  if (present) return <Workbench runId={runId} document={document} present={present} scores={scores} />;
  return (
    <>
      {document.problem ? (
        <Notice words={`${words.loadFailed}: ${document.problem.title}`}>
          <Button size="small" onClick={() => void document.refresh()}>
            {retry}
          </Button>
        </Notice>
      ) : null}
      <FrameworkView framework={framework} scores={scores} />
    </>
  );
}
