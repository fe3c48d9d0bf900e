/** What is around every page: the name, the ways, the run that goes on in the background, the colours. */

import { type ReactNode, useState } from "react";
import { Button } from "../components/button.tsx";
import { Pulse } from "../components/pulse.tsx";
import { useCallBack } from "../components/use-ending.ts";
import { hasEnded } from "../core/view.ts";
import { useRun } from "../react/use-run.ts";
import { CONTENT } from "./content.tsx";
import { useGeneration } from "./generation.tsx";
import { Logo } from "./logo.tsx";
import { Menu } from "./menu.tsx";
import { Link, navigate, type Path, usePlace } from "./router.tsx";
import css from "./shell.module.css";
import { ShortcutList, useShortcuts } from "./shortcuts.tsx";
import { useAppText } from "./text/languages.tsx";
import { setTheme, THEMES, useTheme } from "./theme.ts";
import { useTitleMark } from "./title.ts";

export function Shell({ children }: { children: ReactNode }): ReactNode {
  const text = useAppText();
  const [listed, list] = useState(false);
  useShortcuts([{ keys: "list", act: () => list(true) }]);
  return (
    <>
      <a className={css["skip"]} href={`#${CONTENT}`}>
        {text.skip}
      </a>
      <header className={css["bar"]}>
        <Link className={css["brand"]} href="/new">
          <Logo />
          {text.name}
        </Link>
        <Ways />
        <span className={css["gap"]} />
        <Background />
        <Button className={css["keys"]} look="quiet" size="small" icon="keyboard" bare onClick={() => list(true)}>
          {text.shortcuts.open}
        </Button>
        <ThemeMenu />
      </header>
      {children}
      <ShortcutList open={listed} onClose={() => list(false)} />
    </>
  );
}

function Ways(): ReactNode {
  const { nav } = useAppText();
  const { path } = usePlace();
  const way = (href: Path, label: string): ReactNode => (
    <Link
      href={href}
      aria-current={path === href ? "page" : undefined}
      data-within={path.startsWith(href) || undefined}
    >
      {label}
    </Link>
  );
  return (
    <nav className={css["ways"]} aria-label={nav.label}>
      {way("/new", nav.create)}
      {way("/runs", nav.runs)}
      {way("/batches", nav.batches)}
      {way("/stats", nav.stats)}
    </nav>
  );
}

function Background(): ReactNode {
  const { run } = useGeneration();
  // Under the modal too: what opened it gets the focus back.
  return run === undefined ? null : <Running key={run} run={run} />;
}

/** The run that goes on behind the page. */
function Running({ run }: { run: string }): ReactNode {
  const { running } = useAppText();
  const { title, open, show } = useGeneration();
  const view = useRun(run, (state) => state.view);
  const asks = view.asked.length > 0;
  // The modal calls back by itself while it is open.
  useCallBack(run, title, !open);
  useTitleMark(asks ? running.asksMark : undefined);
  if (hasEnded(view)) return null;
  const percent = Math.floor(view.progress);
  const back = (): void => {
    if (location.pathname !== `/runs/${run}`) navigate(`/runs/${run}`);
    show();
  };
  return (
    <button
      type="button"
      className={css["running"]}
      data-asks={asks || undefined}
      aria-label={asks ? running.asksLabel(title) : running.label(title, percent)}
      title={asks ? running.answer : running.show}
      onClick={back}
    >
      {asks || view.status === "paused" ? null : <Pulse />}
      {/* The blank is for whoever says aloud what is shown here, to press it. */}
      <span className={css["runningTitle"]}>{title}</span> <span>{asks ? running.asks : `${percent}%`}</span>
    </button>
  );
}

const THEME_ICONS = { system: "system", light: "sun", dark: "moon" } as const;

function ThemeMenu(): ReactNode {
  const { theme: words } = useAppText();
  const theme = useTheme();
  return (
    <Menu
      label={words.label}
      bare
      look="quiet"
      size="small"
      icon={THEME_ICONS[theme]}
      items={THEMES.map((each) => ({
        key: each,
        label: words[each],
        chosen: each === theme,
        act: () => setTheme(each),
      }))}
    />
  );
}
