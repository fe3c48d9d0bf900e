/** Tabs as the keyboard and the ear know them; which one is open is in the address. */

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { navigate, usePlace, withQuery } from "../router.tsx";
import css from "./tabs.module.css";

export interface Tab {
  readonly name: string;
  readonly label: string;
  readonly content: () => ReactNode;
}

export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }): ReactNode {
  const id = useId();
  const { query } = usePlace();
  const open = tabs.find((tab) => tab.name === query.get("tab")) ?? tabs[0];
  const show = (tab: Tab): void =>
    navigate(withQuery(query, { tab: tab === tabs[0] ? undefined : tab.name }), { replace: true });
  const pressed = (event: KeyboardEvent<HTMLElement>): void => {
    const at = open ? tabs.indexOf(open) : 0;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    const next = to === undefined || event.altKey ? undefined : tabs.at(to % tabs.length);
    if (!next) return;
    event.preventDefault();
    show(next);
    document.getElementById(`${id}-${next.name}`)?.focus();
  };
  const chosen = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is another button to be seen.
  useEffect(() => {
    chosen.current?.scrollIntoView?.({ block: "nearest", inline: "center" });
  }, [open?.name]);
  return (
    <>
      <div className={css["tabs"]} role="tablist" aria-label={label} onKeyDown={pressed}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            ref={tab === open ? chosen : null}
            id={`${id}-${tab.name}`}
            type="button"
            role="tab"
            aria-selected={tab === open}
            aria-controls={tab === open ? `${id}-panel` : undefined}
            tabIndex={tab === open ? 0 : -1}
            onClick={() => show(tab)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      {open ? (
        <div
          key={open.name}
          id={`${id}-panel`}
          className={css["panel"]}
          role="tabpanel"
          aria-labelledby={`${id}-${open.name}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a panel may hold nothing else that takes the focus.
          tabIndex={0}
        >
          {open.content()}
        </div>
      ) : null}
    </>
  );
}
