/** Whether the browser is online and the page is looked at; without a browser, always. */

export interface Presence {
  online(): boolean;
  hidden(): boolean;
  /** `listener` is called when one of them changes. Gives the way to stop that. */
  watch(listener: (change: "online" | "offline" | "shown" | "hidden") => void): () => void;
}

export const browserPresence: Presence = {
  online: () => globalThis.navigator?.onLine !== false,
  hidden: () => globalThis.document?.visibilityState === "hidden",

  watch(listener) {
    if (typeof window === "undefined") return () => undefined;
    const stop = new AbortController();
    const { signal } = stop;
    window.addEventListener("online", () => listener("online"), { signal });
    window.addEventListener("offline", () => listener("offline"), { signal });
    document.addEventListener("visibilitychange", () => listener(this.hidden() ? "hidden" : "shown"), { signal });
    return () => stop.abort();
  },
};
