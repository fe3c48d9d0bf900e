/** What can wait until the browser has nothing else to do. Not all of them say when that is. */
export function whenIdle(act: () => void, timeoutMs = 2000): void {
  if (typeof requestIdleCallback === "undefined") setTimeout(act, timeoutMs / 4);
  else requestIdleCallback(act, { timeout: timeoutMs });
}
