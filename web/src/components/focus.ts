/** Where the focus goes: round and round inside a dialog, and to a place that makes sense behind it. */

const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";

/** Keeps Tab inside `box`: the browser would let it out into its own bars, from where it comes back to anywhere. */
export function keepInside(box: HTMLElement, event: Pick<KeyboardEvent, "shiftKey" | "preventDefault">): void {
  const stops = [...box.querySelectorAll<HTMLElement>(STOPS)].filter(isStop);
  const [first, last] = [stops[0], stops.at(-1)];
  const at = document.activeElement;
  if (!(first && last && at)) {
    event.preventDefault();
    return;
  }
  const edge = event.shiftKey ? first : last;
  // Also from what has the focus without being a stop, as a heading may: if nothing follows it, we are at the edge.
  const past = event.shiftKey ? Node.DOCUMENT_POSITION_PRECEDING : Node.DOCUMENT_POSITION_FOLLOWING;
  if (at !== edge && box.contains(at) && at.compareDocumentPosition(edge) & past) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}

function isStop(element: HTMLElement): boolean {
  if (element.tabIndex < 0 || element.matches(":disabled")) return false;
  return typeof element.checkVisibility !== "function" || element.checkVisibility({ visibilityProperty: true });
}

/** If nothing has the focus, or what is about to go: the heading of the page, from which whoever hears it reads on. */
export function focusPage(going?: HTMLElement): void {
  const at = document.activeElement;
  if (at && at !== document.body && !going?.contains(at)) return;
  const place = document.querySelector<HTMLElement>("main h1") ?? document.querySelector<HTMLElement>("main, h1");
  if (!place) return;
  if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}
