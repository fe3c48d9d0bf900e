/** What somebody else made of a section while it was written in here. */

import type { ReactNode } from "react";
import { BeforeAfter } from "../../components/before-after.tsx";
import { Button } from "../../components/button.tsx";
import type { Framework, SectionName } from "../../components/vision.ts";
import type { VersionBody } from "../../core/wire.ts";
import { useText } from "../../text/context.tsx";
import { dateTime, nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./conflict.module.css";
import { authorOf } from "./say-version.ts";

export interface ConflictProps {
  name: SectionName;
  before: Framework[SectionName];
  after: Framework[SectionName];
  /** Who did it, and when, where that is known. */
  act: VersionBody | undefined;
  onTheirs: () => void;
}

export function Conflict({ name, before, after, act, onTheirs }: ConflictProps): ReactNode {
  const text = useText();
  const { draft: words, now } = useAppText().editing;
  const who = (act && authorOf(act)) ?? words.somebody;
  return (
    <div className={css["conflict"]}>
      <div role="alert">
        <p className={css["title"]}>{words.conflict(who, nameOf(text, name))}</p>
        <p>
          {act ? `${dateTime(text, act.at)}. ` : ""}
          {words.conflictText}
        </p>
      </div>
      <BeforeAfter name={name} before={before} after={after} labels={[words.began, now]} />
      <div className={css["ends"]}>
        <Button size="small" onClick={onTheirs}>
          {words.useTheirs}
        </Button>
      </div>
    </div>
  );
}
