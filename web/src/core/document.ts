/** A run's document, its history and what is being written anew of it: kept up to date while somebody looks. */

import type { Problem } from "./contract.ts";
import { type Changing, createDocumentApi, type DocumentApi, type RefineWish } from "./document-api.ts";
import { type DocumentState, UNKNOWN_DOCUMENT } from "./document-state.ts";
import { RequestError } from "./errors.ts";
import type { Scheduler } from "./frame.ts";
import type { Http } from "./http.ts";
import { randomKey } from "./key.ts";
import { whileLookedAt } from "./looking.ts";
import { browserPresence, type Presence } from "./presence.ts";
import { Publisher, type Store } from "./publisher.ts";
import { sameJson } from "./same-json.ts";
import type { DocumentBody, VersionBody } from "./wire.ts";

/**
 * What became of a change. `outrun`: somebody else was faster, nothing was changed, and this is the document now.
 * `act` is what an undo took back, or a redo brought back, where the history says so.
 */
export type Change =
  | {
      readonly done: DocumentBody;
      readonly act?: VersionBody | undefined;
      readonly outrun?: undefined;
      readonly problem?: undefined;
    }
  | { readonly outrun: DocumentBody; readonly problem: Problem; readonly done?: undefined }
  | { readonly problem: Problem; readonly done?: undefined; readonly outrun?: undefined };

export interface DocumentStore extends Store<DocumentState> {
  edit(sections: Readonly<Record<string, unknown>>, changing: Changing): Promise<Change>;
  undo(author?: string): Promise<Change>;
  redo(author?: string): Promise<Change>;
  apply(refineRunId: string, author?: string): Promise<Change>;
  /** Gives the id of the run that writes the section anew. Asked again after a lost answer, it is the same run. */
  refine(section: string, wish: RefineWish): Promise<{ runId: string } | { problem: Problem }>;
  /** The document as it was. Throws what `Http` throws. */
  version(number: number, signal?: AbortSignal): Promise<DocumentBody>;
  loadVersions(): Promise<void>;
  refresh(): Promise<void>;
}

export interface DocumentStoreOptions {
  http: Http;
  runId: string;
  presence?: Presence | undefined;
  schedule?: Scheduler | undefined;
  lingerMs?: number | undefined;
}

/** So often it is asked, while the page is seen, whether somebody else has changed it. */
const EVERY_MS = 5000;
const OUTRUN = "/problems/outrun";
const GONE = "/problems/unknown-run";
const STEP = { undo: "/problems/nothing-to-undo", redo: "/problems/nothing-to-redo" } as const;

export function createDocumentStore(options: DocumentStoreOptions): DocumentStore {
  return new LiveDocument(options);
}

class LiveDocument implements DocumentStore {
  readonly #api: DocumentApi;
  readonly #publisher: Publisher<DocumentState>;
  readonly #presence: Presence;
  #refreshing: AbortController | undefined;
  /** The keys of the wishes that nobody has answered yet. */
  readonly #keys = new Map<string, string>();

  constructor(options: DocumentStoreOptions) {
    this.#api = createDocumentApi(options.http, options.runId);
    this.#presence = options.presence ?? browserPresence;
    this.#publisher = new Publisher(UNKNOWN_DOCUMENT, { ...options, connect: () => this.#connect() });
  }

  getSnapshot = (): DocumentState => this.#publisher.getSnapshot();
  subscribe = (listener: () => void): (() => void) => this.#publisher.subscribe(listener);

  edit = async (sections: Readonly<Record<string, unknown>>, changing: Changing): Promise<Change> => {
    const change = await this.#change(() => this.#api.edit(sections, changing));
    const now = change.outrun;
    // Our own change, whose answer was lost on its way.
    const ours = now && Object.entries(sections).every(([name, value]) => sameJson(now.framework[name], value));
    return ours ? { done: now } : change;
  };

  undo = (author?: string): Promise<Change> => this.#step("undo", author);
  redo = (author?: string): Promise<Change> => this.#step("redo", author);
  apply = (refineRunId: string, author?: string): Promise<Change> =>
    this.#change(() => this.#api.apply(refineRunId, { author }));

  refine = async (section: string, wish: RefineWish): Promise<{ runId: string } | { problem: Problem }> => {
    const what = JSON.stringify([section, wish, this.#newest.document?.version]);
    const key = this.#keys.get(what) ?? randomKey();
    this.#keys.set(what, key);
    try {
      const runId = await this.#api.refine(section, wish, key);
      this.#keys.delete(what);
      return { runId };
    } catch (error) {
      return { problem: problemOf(error) };
    }
  };

  version = (number: number, signal?: AbortSignal): Promise<DocumentBody> => this.#api.version(number, signal);

  loadVersions = async (): Promise<void> => {
    const oldest = this.#newest.versions.at(-1)?.version;
    if (oldest === undefined || !this.#newest.moreVersions) return;
    try {
      const page = await this.#api.versions(oldest);
      this.#set({ versions: [...this.#newest.versions, ...page.versions], moreVersions: isMore(page) });
    } catch (error) {
      this.#set({ problem: problemOf(error) });
    }
  };

  refresh = (): Promise<void> => this.#bring((signal) => this.#load(signal));

  get #newest(): DocumentState {
    return this.#publisher.newest;
  }

  #set(change: Partial<DocumentState>): void {
    this.#publisher.set({ ...this.#newest, ...change });
  }

  /** Whoever comes back to the page, or to the network, sees what others did meanwhile; who stays sees what they do. */
  #connect(): () => void {
    const stop = whileLookedAt(this.#presence, EVERY_MS, {
      come: () => {
        if (!this.#refreshing) void this.refresh();
      },
      stay: () => void this.#ask(),
    });
    return () => {
      stop();
      this.#refreshing?.abort();
      this.#refreshing = undefined;
    };
  }

  /** Is there another version by now? Most often there is not, and that is soon said. */
  async #ask(): Promise<void> {
    const { document, changing, problem } = this.#newest;
    if (changing || this.#refreshing || problem?.type === GONE) return;
    if (!document || problem) return this.refresh();
    await this.#bring(async (signal) => {
      if (!(await this.#api.isAt(document.version, signal))) await this.#load(signal);
    });
  }

  async #bring(upToDate: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#refreshing?.abort();
    const refreshing = new AbortController();
    this.#refreshing = refreshing;
    const { signal } = refreshing;
    await upToDate(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#set({ problem: problemOf(error) });
    });
    if (this.#refreshing === refreshing) this.#refreshing = undefined;
  }

  async #load(signal: AbortSignal): Promise<void> {
    const [document] = await Promise.all([
      this.#api.present(signal),
      this.#newestVersions(signal),
      this.#api.refining(signal).then((refining) => this.#set({ refining })),
    ]);
    this.#take(document);
  }

  /** An answer that was overtaken on its way is of no use any more. */
  #take(document: DocumentBody): void {
    const known = this.#newest.document;
    const newer = known === undefined || document.version > known.version;
    this.#set({ document: newer ? document : known, problem: undefined });
  }

  async #newestVersions(signal?: AbortSignal): Promise<void> {
    const page = await this.#api.versions(undefined, signal);
    const oldest = page.versions.at(-1)?.version ?? 0;
    const older = this.#newest.versions.filter(({ version }) => version < oldest);
    const moreVersions = older.length ? this.#newest.moreVersions : isMore(page);
    this.#set({ versions: [...page.versions, ...older], moreVersions });
  }

  async #step(which: "undo" | "redo", author: string | undefined): Promise<Change> {
    const { document, versions } = this.#newest;
    const before = versions.find(({ version }) => version === document?.version);
    const change = await this.#change(() => this.#api[which]({ author, version: document?.version }));
    if (change.done === undefined) {
      // Somebody else has done it already.
      if (change.problem.type === STEP[which]) await this.refresh();
      return change;
    }
    const now = this.#newest.versions.find(({ version }) => version === change.done.version);
    const act = (which === "undo" ? before : now)?.shows;
    return { done: change.done, act: this.#newest.versions.find(({ version }) => version === act) };
  }

  async #change(act: () => Promise<DocumentBody>): Promise<Change> {
    this.#set({ changing: true });
    try {
      const done = await act();
      this.#take(done);
      // The change is made, whether its line in the history can be shown by now or not.
      await this.#newestVersions().catch(() => undefined);
      return { done };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.type !== OUTRUN) return { problem };
      await this.refresh();
      const now = this.#newest.document;
      return now ? { outrun: now, problem } : { problem };
    } finally {
      this.#set({ changing: false });
    }
  }
}

function isMore({ next_before }: { next_before?: number | null }): boolean {
  return next_before !== undefined && next_before !== null;
}

function problemOf(error: unknown): Problem {
  if (error instanceof RequestError) return error.problem;
  throw error;
}
