/** A mistake of ours costs the page, and not what was written: the draft is in the browser's keeping. */

import { Component, type ReactNode } from "react";
import { Button } from "../components/button.tsx";
import css from "./app.module.css";
import { useAppText } from "./text/languages.tsx";

// biome-ignore lint/style/useReactFunctionComponents: only a class may catch what breaks below it.
export class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken(): ReactNode {
  const { crash } = useAppText();
  return (
    <main className={css["message"]}>
      <h1>{crash.title}</h1>
      <p>{crash.text}</p>
      <Button look="primary" onClick={() => location.reload()}>
        {crash.reload}
      </Button>
    </main>
  );
}
