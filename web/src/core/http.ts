/** One request to the API: where it is, who is asking, and what to make of an answer that is none. */

import { Bearer, type BearerOptions } from "./bearer.ts";
import { apiError, NoAnswer } from "./errors.ts";

export interface HttpOptions extends BearerOptions {
  /** Where the API is, without a slash at the end; "" for the page's own origin. */
  baseUrl?: string;
  fetch?: typeof fetch;
  /** How long a server may take to begin its answer. */
  timeoutMs?: number;
}

export interface HttpInit extends RequestInit {
  /** Instead of what holds for all requests. */
  timeoutMs?: number;
}

/** The answer, if it is a good one, or 304. Throws `ApiError`, `NoAnswer`, or the reason of `init.signal`. */
export type Http = (path: string, init?: HttpInit) => Promise<Response>;

export function createHttp(options: HttpOptions = {}): Http {
  const { baseUrl = "" } = options;
  const bearer = new Bearer(options);

  const send = async (path: string, given: HttpInit, token: string | undefined): Promise<Response> => {
    const { timeoutMs = options.timeoutMs ?? 10_000, ...init } = given;
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new NoAnswer(`No answer within ${timeoutMs} ms.`)), timeoutMs);
    const signal = init.signal ? either(init.signal, deadline) : deadline.signal;
    try {
      return await (options.fetch ?? globalThis.fetch)(baseUrl + path, { ...init, headers, signal });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new NoAnswer("The connection could not be made, or broke.", { cause: error });
    } finally {
      // The deadline is for the beginning of an answer; a stream may go on for as long as it likes.
      clearTimeout(timer);
    }
  };

  return async (path, init = {}) => {
    await bearer.ready();
    for (let again = false; ; again = true) {
      init.signal?.throwIfAborted();
      const used = bearer.token;
      const response = await send(path, init, used);
      if (response.ok || response.status === 304) return response;
      const error = await apiError(response);
      if (response.status !== 401) throw error;
      await bearer.refused(used, error, again);
    }
  };
}

/** `AbortSignal.any`, for browsers that do not have it yet. */
function either(outer: AbortSignal, inner: AbortController): AbortSignal {
  if (outer.aborted) inner.abort(outer.reason);
  else outer.addEventListener("abort", () => inner.abort(outer.reason), { signal: inner.signal });
  return inner.signal;
}
