/** What a run made, to be worked on: as it is now, with its history, and all that may be done with it. */

import { useEffect, useMemo, useRef } from "react";
import type { Client } from "../core/client.ts";
import type { Problem } from "../core/contract.ts";
import { type Change, createDocumentStore, type DocumentStore } from "../core/document.ts";
import type { RefineWish } from "../core/document-api.ts";
import { type DocumentState, UNKNOWN_DOCUMENT } from "../core/document-state.ts";
import type { DocumentBody } from "../core/wire.ts";
import { useOptionalClient } from "./context.tsx";
import { useStore } from "./use-store.ts";

export interface DocumentOptions {
  /** Whose name the history is to show; without one it is the tenant's. A function is asked before each change. */
  readonly author?: Author | (() => Author | Promise<Author>);
}

type Author = string | undefined;

/** None of these rejects, but for `version`: what went wrong is in what they give. */
export interface Document extends DocumentState {
  /** New values for some sections. `version` is the one that they were written for: refused where another is there. */
  edit(sections: Readonly<Record<string, unknown>>, version?: number): Promise<Change>;
  undo(): Promise<Change>;
  redo(): Promise<Change>;
  /** Start a run that writes a section anew; watch it with `useRun`, then `apply` what it made, or leave it. */
  refine(section: string, wish: RefineWish): Promise<{ runId: string } | { problem: Problem }>;
  apply(refineRunId: string): Promise<Change>;
  /** The document as it was. */
  version(number: number, signal?: AbortSignal): Promise<DocumentBody>;
  /** One more page of older `versions`. */
  loadVersions(): Promise<void>;
  refresh(): Promise<void>;
}

/** One store for all who ask: whoever changes the document shows it to the others as well. */
const stores = new WeakMap<Client, Map<string, DocumentStore>>();

/** Nothing is asked for while `runId` is undefined: of a run that has not ended well there is no document. */
export function useDocument(runId: string | undefined, { author }: DocumentOptions = {}): Document {
  const client = useOptionalClient();
  const store = useMemo(() => storeOf(client, runId), [client, runId]);
  const state = useStore(store, whole);
  const latest = useRef(author);
  useEffect(() => {
    latest.current = author;
  }, [author]);
  const acts = useMemo(() => actsOf(store, async () => nameIn(latest.current)), [store]);
  return useMemo(() => ({ ...state, ...acts }), [state, acts]);
}

type Acts = Omit<Document, keyof DocumentState>;

function actsOf(store: DocumentStore, author: () => Promise<Author>): Acts {
  return {
    edit: async (sections, version) => store.edit(sections, { author: await author(), version }),
    undo: async () => store.undo(await author()),
    redo: async () => store.redo(await author()),
    apply: async (refineRunId) => store.apply(refineRunId, await author()),
    refine: store.refine,
    version: store.version,
    loadVersions: store.loadVersions,
    refresh: store.refresh,
  };
}

function nameIn(author: DocumentOptions["author"]): Author | Promise<Author> {
  return typeof author === "function" ? author() : author;
}

function storeOf(client: Client | undefined, runId: string | undefined): DocumentStore {
  if (runId === undefined) return NONE;
  if (!client) throw new Error("A run's document needs a <StepglassProvider> around it.");
  const known = stores.get(client) ?? new Map<string, DocumentStore>();
  stores.set(client, known);
  const store = known.get(runId) ?? createDocumentStore({ http: client.http, runId });
  known.set(runId, store);
  return store;
}

function whole(state: DocumentState): DocumentState {
  return state;
}

const NO_RUN: Problem = { type: "about:blank", title: "There is no document", detail: "No run was named." };
const refused = (): Promise<{ problem: Problem }> => Promise.resolve({ problem: NO_RUN });
const nothing = (): Promise<void> => Promise.resolve();

const NONE: DocumentStore = {
  getSnapshot: () => UNKNOWN_DOCUMENT,
  subscribe: () => () => undefined,
  edit: refused,
  undo: refused,
  redo: refused,
  apply: refused,
  refine: refused,
  version: () => Promise.reject(new Error(NO_RUN.detail)),
  loadVersions: nothing,
  refresh: nothing,
};
