/** What the viewer wants to happen when the run ends. */

import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { useText } from "../text/context.tsx";
import { chime, mayNotify } from "./attention.ts";
import { Button } from "./button.tsx";
import css from "./modal-options.module.css";
import { usePreferences } from "./preferences.ts";
import { useOutside } from "./use-outside.ts";

export function ModalOptions(): ReactNode {
  const { modal } = useText();
  const id = useId();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLFieldSetElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useOutside(box, open, () => setOpen(false));
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !open) return;
    // What was opened last closes first: the modal stays.
    event.preventDefault();
    setOpen(false);
    opener.current?.focus();
  };
  return (
    <fieldset className={css["options"]} ref={box} aria-label={modal.options} onKeyDown={pressed}>
      <Button
        ref={opener}
        look="quiet"
        icon="options"
        bare
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {modal.options}
      </Button>
      {open ? <Panel id={id} /> : null}
    </fieldset>
  );
}

function Panel({ id }: { id: string }): ReactNode {
  const { modal } = useText();
  const [preferences, change] = usePreferences();
  const [denied, deny] = useState(false);
  const wantNotice = async (wanted: boolean): Promise<void> => {
    const allowed = wanted && (await mayNotify());
    deny(wanted && !allowed);
    change({ notify: allowed });
  };
  const wantSound = (sound: boolean): void => {
    if (sound) chime(true);
    change({ sound });
  };
  return (
    <div id={id} className={css["panel"]}>
      <Choice label={modal.autoOpen} checked={preferences.autoOpen} onChange={(autoOpen) => change({ autoOpen })} />
      <Choice label={modal.sound} checked={preferences.sound} onChange={wantSound} />
      <Choice label={modal.notify} checked={preferences.notify} onChange={(wanted) => void wantNotice(wanted)} />
      {denied ? <p role="alert">{modal.notifyDenied}</p> : null}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

function Choice({ label, checked, onChange }: ChoiceProps): ReactNode {
  return (
    <label className={css["choice"]}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
