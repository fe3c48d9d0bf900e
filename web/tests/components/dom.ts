/** What browsers have and jsdom has not, as far as the components need it; and axe. */

import axe from "axe-core";
import { expect, vi } from "vitest";

/** A modal dialog without its magic: open or not, with the focus where it asks for it. */
export function withDialogs(): void {
  Object.assign(HTMLDialogElement.prototype, {
    showModal(this: HTMLDialogElement) {
      this.open = true;
      this.querySelector<HTMLElement>("button, input")?.focus();
    },
    close(this: HTMLDialogElement) {
      this.open = false;
    },
  });
  Element.prototype.scrollIntoView = vi.fn();
}

/** Escape, as a browser tells a dialog of it. */
export function pressEscape(dialog: HTMLElement): Event {
  const event = new Event("cancel", { cancelable: true });
  dialog.dispatchEvent(event);
  return event;
}

/** Colours are not known without a browser: those are looked at in Chromium. */
export async function expectAccessible(element: Element): Promise<void> {
  const { violations } = await axe.run(element, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n")}`);
  expect(found).toEqual([]);
}
