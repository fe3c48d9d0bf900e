/** Which server the components below talk to. */

import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { type Client, type ClientOptions, createClient } from "../core/client.ts";
import { comeBack } from "../core/leaving.ts";

const ClientContext = createContext<Client | undefined>(undefined);

export interface StepglassProviderProps extends ClientOptions {
  /** One made elsewhere, instead of one made of the other properties. */
  client?: Client;
  children: ReactNode;
}

/** What describes the server is read once: give the provider a `key` to begin anew. `onUnauthorized` may change. */
export function StepglassProvider({ client, children, ...options }: StepglassProviderProps): ReactNode {
  const { onUnauthorized } = options;
  const latest = useRef(onUnauthorized);
  useEffect(() => {
    latest.current = onUnauthorized;
  }, [onUnauthorized]);
  const [own] = useState(
    () => client ?? createClient({ ...options, onUnauthorized: (problem) => latest.current?.(problem) }),
  );
  const used = client ?? own;
  useReturn(used);
  return <ClientContext value={used}>{children}</ClientContext>;
}

/** Whoever is here has not left: not by reloading, not by going to another of our pages, not by coming back to one. */
function useReturn({ http }: Client): void {
  useEffect(() => {
    const returned = (event: PageTransitionEvent): void => {
      if (event.persisted) comeBack(http);
    };
    comeBack(http);
    window.addEventListener("pageshow", returned);
    return () => window.removeEventListener("pageshow", returned);
  }, [http]);
}

export function useClient(): Client {
  const client = useOptionalClient();
  if (!client) throw new Error("No Stepglass server is known here: put a <StepglassProvider> around this component.");
  return client;
}

/** For what works with a store as well. */
export function useOptionalClient(): Client | undefined {
  return useContext(ClientContext);
}
