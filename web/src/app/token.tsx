/** Who asks: the token that a server wants, asked for once and kept for as long as the tab is open. */

import { type ReactNode, useId, useState } from "react";
import { Button } from "../components/button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { keep, kept, storage } from "./stored.ts";
import { useAppText } from "./text/languages.tsx";
import css from "./token.module.css";

const KEY = "stepglass.token";

export function storedToken(): string | undefined {
  const token = kept(storage("sessionStorage"), KEY);
  return typeof token === "string" ? token : undefined;
}

export interface TokenAsking {
  /** For `onUnauthorized`: gives the token, or undefined if nobody wants to say one. */
  ask(): Promise<string | undefined>;
  readonly dialog: ReactNode;
}

export function useTokenAsking(): TokenAsking {
  const [asked, setAsked] = useState<{ answer: (token: string | undefined) => void; again: boolean }>();
  const ask = (): Promise<string | undefined> =>
    new Promise((answer) => setAsked({ answer, again: storedToken() !== undefined }));
  const tell = (token: string | undefined): void => {
    keep(storage("sessionStorage"), KEY, token);
    asked?.answer(token);
    setAsked(undefined);
  };
  return { ask, dialog: asked ? <TokenDialog again={asked.again} onTell={tell} /> : null };
}

function TokenDialog({ again, onTell }: { again: boolean; onTell: (token: string | undefined) => void }): ReactNode {
  const { token: words, cancel } = useAppText();
  const id = useId();
  const [token, setToken] = useState("");
  return (
    <Dialog open onDismiss={() => onTell(undefined)} aria-labelledby={id}>
      <form
        className={css["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim()) onTell(token.trim());
        }}
      >
        <h2 id={id}>{words.title}</h2>
        <p>{again ? words.again : words.why}</p>
        <label>
          {words.label}
          <input
            type="password"
            autoComplete="off"
            value={token}
            onChange={(event) => setToken(event.target.value)}
            required
          />
        </label>
        <div className={css["actions"]}>
          <Button onClick={() => onTell(undefined)}>{cancel}</Button>
          <Button look="primary" type="submit">
            {words.send}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
