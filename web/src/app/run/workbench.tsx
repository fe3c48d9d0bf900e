/** A framework that can be worked on: section by section, and as a whole. */

import { type ReactNode, useState } from "react";
import { Badge } from "../../components/badge.tsx";
import { FrameworkView } from "../../components/framework-view.tsx";
import type { Framework, SectionName } from "../../components/vision.ts";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useAppText } from "../text/languages.tsx";
import { useAuthorState } from "./author.ts";
import type { Documents } from "./documents.ts";
import { Editing } from "./editing.tsx";
import { FrameworkBar } from "./framework-bar.tsx";
import { Improve } from "./improve.tsx";
import { keptSections } from "./kept-draft.ts";
import { Notice } from "./notice.tsx";
import { Refining } from "./refining.tsx";
import { authorOf, writerOf } from "./say-version.ts";
import { SectionTools } from "./section-tools.tsx";
import { useGivenBack } from "./use-given-back.ts";
import { useOnline } from "./use-online.ts";
import { useRefinements } from "./use-refinements.ts";
import { useStepsBack } from "./use-steps-back.ts";
import css from "./workbench.module.css";

export interface WorkbenchProps {
  runId: string;
  document: Document;
  present: DocumentBody;
  scores: Documents["scores"];
}

type Doing = Readonly<Partial<Record<SectionName, "edit" | "refine">>>;

export function Workbench({ runId, document, present, scores }: WorkbenchProps): ReactNode {
  const { editing: words } = useAppText();
  const refinements = useRefinements(runId, document);
  const steps = useStepsBack(document);
  const online = useOnline();
  const { doing, begin, end, home, historyHome, toHistory } = useDoing(runId);
  const common = { document, present, onUndo: steps.undo };
  const isRefined = (name: SectionName): boolean => refinements.of(name)?.together === false;
  return (
    <div className={css["bench"]}>
      {online ? null : <Notice words={words.offline} />}
      <FrameworkBar
        {...{ document, present, scores, refinements, steps }}
        busy={Object.keys(doing) as SectionName[]}
        home={historyHome}
      />
      <Improve {...{ document, present, refinements }} onDecided={toHistory} />
      <FrameworkView
        framework={present.framework as Partial<Framework>}
        scores={scores}
        unscored={(name) => <Unscored name={name} document={document} />}
        actions={(name) =>
          doing[name] || refinements.of(name) ? null : (
            <SectionTools name={name} home={home} onBegin={(what) => begin(name, what)} />
          )
        }
        instead={(name) =>
          doing[name] === "edit" ? (
            <Editing {...common} runId={runId} name={name} onClose={() => end(name)} />
          ) : undefined
        }
        below={(name) =>
          doing[name] === "refine" || isRefined(name) ? (
            <Refining {...common} name={name} refinements={refinements} onClose={() => end(name)} />
          ) : null
        }
      />
    </div>
  );
}

interface Work {
  readonly doing: Doing;
  begin(name: SectionName, what: "edit" | "refine"): void;
  end(name: SectionName): void;
  /** Where the focus goes back to. */
  home(name: SectionName, what: "edit" | "refine"): (button: HTMLElement | null) => void;
  /** The button that stays when others go, and the way of the focus to it. */
  historyHome(button: HTMLElement | null): void;
  toHistory(): void;
}

const HISTORY = "history";

/** What is being done with which section. What somebody was writing before a reload is open again. */
function useDoing(runId: string): Work {
  const [doing, setDoing] = useState<Doing>(() =>
    Object.fromEntries(keptSections(runId).map((name) => [name, "edit" as const])),
  );
  const { home, giveBack } = useGivenBack();
  return {
    doing,
    begin: (name, what) => setDoing((now) => ({ ...now, [name]: what })),
    end: (name) => {
      giveBack(`${name} ${doing[name] ?? "refine"}`);
      setDoing(({ [name]: _, ...rest }) => rest);
    },
    home: (name, what) => home(`${name} ${what}`),
    historyHome: home(HISTORY),
    toHistory: () => giveBack(HISTORY),
  };
}

/** There is no score for a text that nobody has scored, and it is said whose text that is. */
function Unscored({ name, document }: { name: SectionName; document: Document }): ReactNode {
  const { editing: words } = useAppText();
  const own = useAuthorState().name;
  const writer = writerOf(name, document.versions);
  const who = writer && authorOf(writer);
  const mine = who === undefined || who === own;
  return <Badge tone="neutral">{mine ? words.unscored : words.unscoredBy(who)}</Badge>;
}
