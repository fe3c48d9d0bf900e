/** The server that this page came from: one client, made before anything is drawn. */

import { createClient } from "../core/client.ts";
import { storedToken } from "./token.tsx";

type Ask = () => Promise<string | undefined>;

let found: (ask: Ask) => void;
const asking = new Promise<Ask>((resolve) => {
  found = resolve;
});
let latest: Ask | undefined;

/** Who is refused before there is anything to see waits for somebody who can be asked. */
export const client = createClient({
  token: storedToken(),
  onUnauthorized: async () => (latest ?? (await asking))(),
});

/** How to ask somebody for a token. */
export function askWith(ask: Ask): void {
  latest = ask;
  found(ask);
}
