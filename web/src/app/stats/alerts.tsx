/** What should not be as it is, and since when. */

import type { ReactNode } from "react";
import { Icon } from "../../components/icon.tsx";
import type { Alert } from "../../core/stats.ts";
import { useText } from "../../text/context.tsx";
import type { Text } from "../../text/en.ts";
import { dateTime, duration } from "../../text/format.ts";
import { usePipelines } from "../pipelines.ts";
import type { AppText } from "../text/en.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./alerts.module.css";
import { share, stepName } from "./words.ts";

/** `now` is the server's, whatever the viewer's clock says. */
export function Alerts({ alerts, now }: { alerts: readonly Alert[]; now: number }): ReactNode {
  const { stats } = useAppText();
  const words = stats.alerts;
  const text = useText();
  const { all } = usePipelines();
  return (
    <section className={css["alerts"]} data-calm={alerts.length === 0 || undefined}>
      <h2>
        <Icon name={alerts.length ? "bang" : "check"} />
        {words.title}
      </h2>
      {alerts.length ? (
        <ul>
          {alerts.map((alert) => (
            <li key={[alert.kind, alert.pipeline, alert.step].join(" ")}>
              <p>{say(stats, text, alert, stepName(text, all, alert.pipeline, alert.step))}</p>
              <small>{words.since(dateTime(text, alert.since), duration(text, now - alert.since, true))}</small>
            </li>
          ))}
        </ul>
      ) : (
        <p>{words.nothing}</p>
      )}
    </section>
  );
}

function say({ alerts: words }: AppText["stats"], text: Text, { kind, value, limit }: Alert, step: string): string {
  switch (kind) {
    case "step_slow":
      return words.stepSlow(step, duration(text, value), duration(text, limit));
    case "step_failures":
      return words.stepFailures(step, share(text, value), share(text, limit));
    case "stream_failures":
      return words.streamFailures(share(text, value), share(text, limit));
  }
}
