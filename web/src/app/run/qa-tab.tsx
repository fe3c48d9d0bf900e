/** The report of the quality checks. */

import type { ReactNode } from "react";
import { Badge } from "../../components/badge.tsx";
import { Icon } from "../../components/icon.tsx";
import { CHECKS, type Check, type CheckName, type QualityReport } from "../../components/qa.ts";
import { useText } from "../../text/context.tsx";
import { score } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./qa-tab.module.css";

export function QaTab({ report }: { report: QualityReport }): ReactNode {
  const { qa } = useAppText();
  const text = useText();
  return (
    <div className={css["qa"]}>
      <section className={css["overall"]}>
        <h2>{qa.overall}</h2>
        <p className={css["score"]}>
          {score(text, report.overall)}
          <small> / 10</small>
        </p>
        {report.recommendations.length ? (
          <>
            <h3>{qa.recommendations}</h3>
            <ol>
              {report.recommendations.map((each) => (
                <li key={each}>{each}</li>
              ))}
            </ol>
          </>
        ) : null}
      </section>
      <ul className={css["checks"]}>
        {CHECKS.map((name) => (
          <CheckRow key={name} name={name} check={report.checks[name]} />
        ))}
      </ul>
    </div>
  );
}

function CheckRow({ name, check }: { name: CheckName; check: Check }): ReactNode {
  const { qa } = useAppText();
  const text = useText();
  return (
    <li className={css["check"]}>
      <header>
        <h3>{qa.checks[name]}</h3>
        {check.score === undefined ? null : <span className={css["mark"]}>{score(text, check.score)} / 10</span>}
        <Badge tone={check.passed ? "good" : "bad"}>
          <Icon name={check.passed ? "check" : "cross"} size={12} />
          {check.passed ? qa.passed : qa.failed}
        </Badge>
      </header>
      {check.found.length ? (
        <ul>
          {check.found.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      ) : (
        <p>{qa.nothing}</p>
      )}
    </li>
  );
}
