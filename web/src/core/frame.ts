/** When to show what is new: with the next picture that the browser draws. */

/** Calls `flush` once, later. Gives the way to call it off. */
export type Scheduler = (flush: () => void) => () => void;

/** A page that is not seen draws nothing, and may still be listened to (a title, a notification). */
const UNSEEN_MS = 250;

export const nextFrame: Scheduler = (flush) => {
  if (typeof requestAnimationFrame === "undefined") {
    const timer = setTimeout(flush, 16);
    return () => clearTimeout(timer);
  }
  const cancel = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
  const once = (): void => {
    cancel();
    flush();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, UNSEEN_MS);
  return cancel;
};
