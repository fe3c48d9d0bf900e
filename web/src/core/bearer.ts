/** The token that goes with every request, and where another one comes from when it is refused. */

import type { Problem } from "./contract.ts";
import { type ApiError, NoAnswer, RequestError } from "./errors.ts";

/** A token, or the way to get one: gone before the first request, and again for a fresh one when it is refused. */
export type Token = string | (() => Promise<string>);

export interface BearerOptions {
  token?: Token | undefined;
  /** Asked once for however many requests were refused; undefined leaves them refused. */
  onUnauthorized?: (problem: Problem) => Promise<string | undefined> | string | undefined;
}

export class Bearer {
  token: string | undefined;
  readonly #fresh: (() => Promise<string>) | undefined;
  readonly #onUnauthorized: BearerOptions["onUnauthorized"];
  #asking: Promise<string | undefined> | undefined;

  constructor({ token, onUnauthorized }: BearerOptions) {
    this.#fresh = typeof token === "function" ? token : undefined;
    this.token = typeof token === "string" ? token : undefined;
    this.#onUnauthorized = onUnauthorized;
  }

  /** Gets one before anything is asked, where there is one to be had. */
  async ready(): Promise<void> {
    if (this.#fresh && this.token === undefined) await this.renew();
  }

  /** Throws what it is told of, if there is no token besides. */
  async renew(refusal?: ApiError): Promise<void> {
    this.#asking ??= Promise.resolve(
      this.#fresh ? had(this.#fresh) : refusal && this.#onUnauthorized?.(refusal.problem),
    ).finally(() => {
      this.#asking = undefined;
    });
    const given = await this.#asking;
    if (given === undefined) throw refusal;
    this.token = given;
  }

  /** After a refusal of `used`; `again` when the request was refused before. Throws the refusal if nothing is left. */
  async refused(used: string | undefined, refusal: ApiError, again: boolean): Promise<void> {
    // A person may mistype a token; who makes them would only go on making such.
    if (again && this.#fresh) throw refusal;
    // Somebody may have given a new token while this request was on its way.
    if (used === this.token) await this.renew(refusal);
  }
}

/** Where tokens come from may be out of reach for a while, or silent, like the API itself. */
async function had(fresh: () => Promise<string>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, 10_000);
  });
  try {
    return await Promise.race([fresh(), late]);
  } catch (cause) {
    throw cause instanceof RequestError ? cause : new NoAnswer("No token came.", { cause });
  } finally {
    clearTimeout(timer);
  }
}
