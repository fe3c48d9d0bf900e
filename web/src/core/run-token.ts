/** Tokens that read one run, for pages that must not hold the one that reads all of them. */

import type { Http } from "./http.ts";

export interface RunToken {
  readonly token: string;
  /** Unix ms. A stream ends with the token that opened it. */
  readonly expiresAt: number;
}

/** Another one each time. For a server that hands it on: whoever asks needs a token that may read all. */
export async function makeRunToken(http: Http, runId: string): Promise<RunToken> {
  const response = await http(`/api/runs/${encodeURIComponent(runId)}/token`, { method: "POST" });
  const { token, expires_at } = (await response.json()) as { token: string; expires_at: number };
  return { token, expiresAt: expires_at };
}
