/** Asks a person for the name that stands beside their changes. */

import { type FormEvent, type ReactNode, useId, useState } from "react";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { useAppText } from "../text/languages.tsx";
import form from "../token.module.css";
import css from "./author.module.css";
import { answerName, askForName, LONGEST_NAME, leaveName, useAuthorState } from "./author.ts";

export function AuthorDialog(): ReactNode {
  const { asking, name } = useAuthorState();
  return asking ? <Asking name={name ?? ""} /> : null;
}

function Asking({ name }: { name: string }): ReactNode {
  const { author: words } = useAppText().editing;
  const id = useId();
  const [given, setGiven] = useState(name);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (given.trim()) answerName(given);
  };
  return (
    <Dialog open onDismiss={leaveName} aria-labelledby={id}>
      <form className={form["form"]} onSubmit={send}>
        <h2 id={id}>{words.title}</h2>
        <p>{words.text}</p>
        <label className={css["name"]}>
          {words.label}
          <input
            data-focus=""
            type="text"
            autoComplete="name"
            maxLength={LONGEST_NAME}
            value={given}
            onChange={(event) => setGiven(event.target.value)}
            required
          />
        </label>
        <div className={form["actions"]}>
          <Button onClick={() => answerName("")}>{words.without}</Button>
          <Button look="primary" type="submit">
            {words.use}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** How one's own changes are shown, and the way to change it. */
export function AuthorLine(): ReactNode {
  const { author: words } = useAppText().editing;
  const { name } = useAuthorState();
  return (
    <p className={css["line"]}>
      <span>{name ? words.shown(name) : words.unnamed}</span>
      <Button size="small" look="quiet" onClick={() => void askForName()}>
        {words.change}
      </Button>
    </p>
  );
}
