/** How the connection is doing, when it is worth saying. How the run is doing is another thing. */

import type { ReactNode } from "react";
import type { Connection } from "../core/connection.ts";
import { useText } from "../text/context.tsx";
import type { Text } from "../text/en.ts";
import { Button } from "./button.tsx";
import css from "./notice.module.css";

export interface ConnectionNoticeProps {
  connection: Connection;
  onReconnect?: (() => void) | undefined;
}

export function ConnectionNotice({ connection, onReconnect }: ConnectionNoticeProps): ReactNode {
  const text = useText();
  const words = say(text, connection);
  if (words === undefined) return null;
  const failed = connection.status === "failed";
  return (
    <div className={css["notice"]} data-tone={failed ? "bad" : "warn"} role={failed ? "alert" : "status"}>
      <p>{words}</p>
      {onReconnect && connection.status !== "offline" ? (
        <Button size="small" onClick={onReconnect}>
          {text.connection.reconnect}
        </Button>
      ) : null}
    </div>
  );
}

function say(text: Text, connection: Connection): string | undefined {
  switch (connection.status) {
    case "offline":
      return text.connection.offline;
    case "reconnecting":
      // The first try follows at once, and mostly finds the way.
      return connection.attempt > 1 ? text.connection.reconnecting(connection.attempt) : undefined;
    case "failed":
      return `${text.connection.failed}: ${connection.problem.detail}`;
    default:
      return undefined;
  }
}
