/** A button that opens a short list of things to do. */

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Button, type ButtonProps } from "../components/button.tsx";
import { Icon } from "../components/icon.tsx";
import { useOutside } from "../components/use-outside.ts";
import css from "./menu.module.css";

export interface MenuItem {
  readonly key: string;
  readonly label: ReactNode;
  readonly hint?: string | undefined;
  /** One of several, and the one that holds. */
  readonly chosen?: boolean;
  act(): void;
}

export interface MenuProps extends Omit<ButtonProps, "children"> {
  label: string;
  items: readonly MenuItem[];
}

export function Menu({ label, items, bare, ...button }: MenuProps): ReactNode {
  const id = useId();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useOutside(box, open, () => setOpen(false));
  useEffect(() => {
    if (open) box.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
  }, [open]);
  const close = (): void => {
    setOpen(false);
    opener.current?.focus();
  };
  const act = (item: MenuItem): void => {
    close();
    item.act();
  };
  return (
    <div className={css["menu"]} ref={box}>
      <Button
        {...button}
        ref={opener}
        bare={bare ?? false}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {label}
        {bare ? null : <Icon name="down" size={14} />}
      </Button>
      {open ? (
        <div
          id={id}
          className={css["list"]}
          role="menu"
          aria-label={label}
          tabIndex={-1}
          onKeyDown={(event) => move(event, close)}
        >
          {items.map((item) => (
            <Item key={item.key} item={item} onAct={() => act(item)} />
          ))}
        </div>
      ) : null}
    </div>
  );
}

function Item({ item, onAct }: { item: MenuItem; onAct: () => void }): ReactNode {
  const choice = item.chosen === undefined ? {} : { "aria-checked": item.chosen };
  return (
    <button
      type="button"
      role={item.chosen === undefined ? "menuitem" : "menuitemradio"}
      {...choice}
      tabIndex={-1}
      onClick={onAct}
    >
      <span>{item.label}</span>
      {item.hint ? <small>{item.hint}</small> : null}
      {item.chosen ? <Icon name="check" size={14} /> : null}
    </button>
  );
}

function move(event: KeyboardEvent<HTMLElement>, close: () => void): void {
  if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") event.preventDefault();
    event.stopPropagation();
    close();
    return;
  }
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[role^=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length)?.focus();
}
