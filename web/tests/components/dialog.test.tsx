// @vitest-environment jsdom

import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { type ReactNode, useState } from "react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Dialog } from "../../src/components/dialog.tsx";
import { withDialogs } from "./dom.ts";

beforeEach(withDialogs);
afterEach(cleanup);

function Page({ children, leaves = false }: { children?: ReactNode; leaves?: boolean }): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <main>
      <h1>The page</h1>
      {open && leaves ? null : (
        <button type="button" onClick={() => setOpen(true)}>
          Open
        </button>
      )}
      <Dialog open={open} onDismiss={() => setOpen(false)} aria-label="Something">
        <h2 tabIndex={-1} data-focus={true}>
          Heading
        </h2>
        <button type="button" onClick={() => setOpen(false)}>
          First
        </button>
        <button type="button" disabled={true}>
          Never
        </button>
        {children}
        <input aria-label="Last" />
      </Dialog>
    </main>
  );
}

function open(page: ReactNode): void {
  render(page);
  screen.getByText("Open").focus();
  fireEvent.click(screen.getByText("Open"));
}

/** True when the dialog has moved the focus itself; else the browser goes on from where it is. */
function tab(shiftKey = false): boolean {
  return !fireEvent.keyDown(document.activeElement as Element, { key: "Tab", shiftKey });
}

function name(): string | null | undefined {
  return document.activeElement?.ariaLabel ?? document.activeElement?.textContent;
}

describe("the focus", () => {
  test("begins at the heading, and goes back from there to the end", () => {
    open(<Page />);
    expect(name()).toBe("Heading");
    expect([tab(true), name()]).toEqual([true, "Last"]);
  });

  test("goes round at both ends, past what cannot have it", () => {
    open(<Page />);
    screen.getByLabelText("Last").focus();
    expect([tab(), name()]).toEqual([true, "First"]);
    expect([tab(true), name()]).toEqual([true, "Last"]);
  });

  test("is left to the browser in between", () => {
    open(<Page />);
    expect(tab()).toBe(false);
    screen.getByText("First").focus();
    expect(tab()).toBe(false);
  });

  test("goes on behind what had it and is gone", () => {
    open(<Page />);
    (document.activeElement as HTMLElement).blur();
    expect(!fireEvent.keyDown(screen.getByRole("dialog", { hidden: true }), { key: "Tab" })).toBe(true);
    expect(name()).toBe("First");
  });

  test("is at the heading of the page when what opened the dialog is gone", () => {
    open(<Page leaves={true} />);
    fireEvent.click(screen.getByText("First"));
    expect(name()).toBe("The page");
  });
});
