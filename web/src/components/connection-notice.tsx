/** How the connection is doing, when it is worth saying. How the run is doing is another thing. */

import { type ReactNode, useEffect, useState } from "react";
import type { Connection } from "../core/connection.ts";
import { useText } from "../text/context.tsx";
import type { Text } from "../text/en.ts";
import { Button } from "./button.tsx";
import css from "./notice.module.css";
import { Unseen } from "./unseen.tsx";

export interface ConnectionNoticeProps {
  connection: Connection;
  onReconnect?: (() => void) | undefined;
}

/** A break that is over so soon is none that anybody needs to know of. */
const SHORT_MS = 500;

export function ConnectionNotice({ connection, onReconnect }: ConnectionNoticeProps): ReactNode {
  const text = useText();
  const long = useLasting(connection.status === "reconnecting");
  const words = say(text, connection, long);
  const failed = connection.status === "failed";
  return (
    <>
      {/* Who hears the page is told by something that is there before the words are. */}
      <Unseen role={failed ? "alert" : "status"}>{words}</Unseen>
      {words === undefined ? null : (
        <div className={css["notice"]} data-tone={failed ? "bad" : "warn"}>
          <p aria-hidden="true">{words}</p>
          {onReconnect && connection.status !== "offline" ? (
            <Button size="small" onClick={onReconnect}>
              {text.connection.reconnect}
            </Button>
          ) : null}
        </div>
      )}
    </>
  );
}

/** Whether something has been so for a while. */
function useLasting(so: boolean): boolean {
  const [long, setLong] = useState(false);
  useEffect(() => {
    if (!so) return;
    const timer = setTimeout(() => setLong(true), SHORT_MS);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [so]);
  return long;
}

function say(text: Text, connection: Connection, long: boolean): string | undefined {
  switch (connection.status) {
    case "offline":
      return text.connection.offline;
    case "reconnecting":
      return long ? text.connection.reconnecting : undefined;
    case "failed":
      return `${text.connection.failed}: ${connection.problem.detail}`;
    default:
      return undefined;
  }
}
