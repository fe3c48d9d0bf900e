/**
 * What can go wrong between us and the API.
 *
 * RequestError
 * ├── ApiError      the API answered, with a problem
 * └── NoAnswer      nobody answered in time, or somebody else than the API did
 */

import type { Problem } from "./contract.ts";

/** `problem` says what happened in words for a person, whoever found it. */
export class RequestError extends Error {
  override readonly name: string = "RequestError";
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.title}: ${problem.detail}`, options);
    this.problem = problem;
  }
}

export class ApiError extends RequestError {
  override readonly name = "ApiError";
  readonly status: number;
  /** How long the API asks us to stay away. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, problem: Problem, retryAfterMs?: number) {
    super(problem);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may go better later. */
  get passing(): boolean {
    return this.status >= 500 || this.status === 408 || this.status === 425 || this.status === 429;
  }
}

export class NoAnswer extends RequestError {
  override readonly name = "NoAnswer";

  constructor(detail: string, options?: ErrorOptions) {
    super({ type: "/problems/no-answer", title: "The server cannot be reached", detail }, options);
  }
}

/** The answer of a request that did not go well, as the error to throw. */
export async function apiError(response: Response): Promise<ApiError> {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new ApiError(
    response.status,
    await problemIn(response),
    Number.isFinite(seconds) ? seconds * 1000 : undefined,
  );
}

async function problemIn(response: Response): Promise<Problem> {
  const unnamed: Problem = {
    type: "about:blank",
    title: response.statusText || "The request failed",
    detail: `The server answered with status ${response.status}.`,
    status: response.status,
  };
  try {
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null ? { ...unnamed, ...body } : unnamed;
  } catch {
    // Something in between answered, in words of its own.
    return unnamed;
  }
}
