/** One version, to be read: what differs from the present one, or all of it; and the way back to it. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import { BeforeAfter } from "../../components/before-after.tsx";
import { Button } from "../../components/button.tsx";
import { FrameworkView } from "../../components/framework-view.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import { type Framework, type Scores, SECTIONS, type SectionName } from "../../components/vision.ts";
import type { Problem } from "../../core/contract.ts";
import { sameJson } from "../../core/same-json.ts";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import { useToast } from "../toast.tsx";
import { sectionNames } from "./say-version.ts";
import { useVersion } from "./use-version.ts";
import css from "./version-shown.module.css";

export interface VersionShownProps {
  number: number;
  /** Whether somebody asked to see it. */
  chosen: boolean;
  document: Document;
  present: DocumentBody;
  onBack: () => void;
  onRestored: () => void;
}

export function VersionShown(props: VersionShownProps): ReactNode {
  const { number, chosen, document, present, onBack } = props;
  const app = useAppText();
  const { history: words, version: say } = app.editing;
  const { version, problem } = useVersion(document, number, present);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const { activeElement } = window.document;
    // On a narrow page the list that had the focus is gone.
    const hidden = activeElement instanceof HTMLElement && activeElement.offsetParent === null;
    if (chosen && hidden) head.current?.focus();
  }, [chosen]);
  return (
    <section className={css["shown"]} aria-label={say(number)}>
      <div className={css["back"]}>
        <Button size="small" look="quiet" icon="left" onClick={onBack}>
          {words.back}
        </Button>
      </div>
      <h3 ref={head} tabIndex={-1}>
        {say(number)}
      </h3>
      {problem ? <ProblemPanel problem={problem} /> : null}
      {version ? <Read {...props} version={version} /> : problem ? null : <p role="status">{app.loading}</p>}
    </section>
  );
}

type View = "changes" | "whole";

function Read({ version, present, document, onRestored }: VersionShownProps & { version: DocumentBody }): ReactNode {
  const { history: words } = useAppText().editing;
  const isPresent = version.version === present.version;
  const [view, setView] = useState<View>(isPresent ? "whole" : "changes");
  const differing = SECTIONS.filter((name) => !sameJson(version.framework[name], present.framework[name]));
  return (
    <>
      {isPresent ? (
        <p className={css["note"]}>{words.present}</p>
      ) : (
        <div className={css["tools"]}>
          <fieldset className={css["views"]}>
            <legend>{words.view}</legend>
            {(["changes", "whole"] as const).map((each) => (
              <Button key={each} size="small" look="quiet" aria-pressed={view === each} onClick={() => setView(each)}>
                {words[each]}
              </Button>
            ))}
          </fieldset>
          {differing.length ? <Restore {...{ version, differing, document, onRestored }} /> : null}
        </div>
      )}
      {view === "whole" ? (
        <FrameworkView framework={version.framework as Partial<Framework>} scores={version.scores as Scores} />
      ) : (
        <Differences version={version} present={present} differing={differing} />
      )}
    </>
  );
}

interface DifferencesProps {
  version: DocumentBody;
  present: DocumentBody;
  differing: readonly SectionName[];
}

function Differences({ version, present, differing }: DifferencesProps): ReactNode {
  const text = useText();
  const app = useAppText();
  const { history: words, version: say, now } = app.editing;
  const same = SECTIONS.filter((name) => !differing.includes(name));
  if (!differing.length) return <p className={css["note"]}>{words.same}</p>;
  return (
    <>
      {differing.map((name) => (
        <section key={name} className={css["difference"]}>
          <h4>{nameOf(text, name)}</h4>
          <BeforeAfter
            name={name}
            before={version.framework[name] as Framework[SectionName]}
            after={present.framework[name] as Framework[SectionName]}
            scoreBefore={(version.scores as Scores)[name]}
            scoreAfter={(present.scores as Scores)[name]}
            labels={[say(version.version), now]}
          />
        </section>
      ))}
      {same.length ? <p className={css["note"]}>{words.sameSections(sectionNames({ text, app }, same))}</p> : null}
    </>
  );
}

interface RestoreProps {
  version: DocumentBody;
  differing: readonly SectionName[];
  document: Document;
  onRestored: () => void;
}

function Restore({ version, differing, document, onRestored }: RestoreProps): ReactNode {
  const { history: words, restored, outrun } = useAppText().editing;
  const toast = useToast();
  const [problem, setProblem] = useState<Problem>();
  const restore = async (): Promise<void> => {
    setProblem(undefined);
    const sections = Object.fromEntries(differing.map((name) => [name, version.framework[name]]));
    const change = await document.edit(sections, document.document?.version);
    if (change.problem) return setProblem(change.outrun ? { ...change.problem, detail: outrun } : change.problem);
    onRestored();
    toast({ words: restored(version.version, change.done.version) });
  };
  return (
    <>
      <Button icon="undo" size="small" disabled={document.changing} onClick={() => void restore()}>
        {words.restore}
      </Button>
      <p className={css["note"]}>{words.restoreNote}</p>
      {problem ? <ProblemPanel problem={problem} /> : null}
    </>
  );
}
