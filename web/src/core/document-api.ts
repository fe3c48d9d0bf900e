/** What may be asked of a run's document over HTTP. All of it throws what `Http` throws. */

import type { Http } from "./http.ts";
import type { DocumentBody, RunBody, RunPage, Started, VersionPage } from "./wire.ts";

/** Who changes it, and which version they saw: another one there is a refusal, `412 outrun`. */
export interface Changing {
  readonly author?: string | undefined;
  readonly version?: number | undefined;
}

/** How a section is to be written anew: by an action that the pipeline knows, or in somebody's own words. */
export type RefineWish = { readonly action: string } | { readonly instruction: string };

export interface DocumentApi {
  present(signal?: AbortSignal): Promise<DocumentBody>;
  /** Whether that is still `version`. */
  isAt(version: number, signal?: AbortSignal): Promise<boolean>;
  /** Sections that are not in `sections` stay as they are. */
  edit(sections: Readonly<Record<string, unknown>>, changing: Changing): Promise<DocumentBody>;
  undo(changing: Changing): Promise<DocumentBody>;
  redo(changing: Changing): Promise<DocumentBody>;
  /** Gives the id of the run that writes the section anew. */
  refine(section: string, wish: RefineWish, idempotencyKey: string): Promise<string>;
  apply(refineRunId: string, changing: Changing): Promise<DocumentBody>;
  /** Newest first. */
  versions(before?: number, signal?: AbortSignal): Promise<VersionPage>;
  version(number: number, signal?: AbortSignal): Promise<DocumentBody>;
  /** The refinements of this document that are under way, by section. */
  refining(signal?: AbortSignal): Promise<Refinement[]>;
}

export interface Refinement {
  readonly runId: string;
  readonly section: string;
}

const ENDED: ReadonlySet<string> = new Set(["complete", "error", "cancelled"]);
const REFINE = "refine";
const PAGE = 30;

export function createDocumentApi(http: Http, runId: string): DocumentApi {
  const run = addressOf(runId);
  const home = `${run}/framework`;

  const get = async <Body>(path: string, signal?: AbortSignal): Promise<Body> => {
    const response = await http(path, { signal: signal ?? null, cache: "no-store" });
    return (await response.json()) as Body;
  };
  const send = async <Body>(method: string, path: string, headers: Headers, body?: unknown): Promise<Body> => {
    if (body !== undefined && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    return (await (await http(path, init)).json()) as Body;
  };
  const post = (path: string, changing: Changing, body?: unknown): Promise<DocumentBody> =>
    send("POST", home + path, headersOf(changing), body);

  return {
    present: (signal) => get(home, signal),
    async isAt(version, signal) {
      const headers = { "If-None-Match": `"${version}"` };
      const response = await http(home, { headers, signal: signal ?? null, cache: "no-store" });
      await response.body?.cancel();
      return response.status === 304;
    },
    edit(sections, changing) {
      const headers = headersOf(changing);
      headers.set("Content-Type", "application/merge-patch+json");
      return send("PATCH", home, headers, sections);
    },
    undo: (changing) => post("/undo", changing),
    redo: (changing) => post("/redo", changing),
    apply: (refineRunId, changing) => post("/apply", changing, { refine_run_id: refineRunId }),
    async refine(section, wish, key) {
      const headers = new Headers({ "Idempotency-Key": key });
      return (await send<Started>("POST", `${run}/refine`, headers, { section, ...wish })).run_id;
    },
    versions: (before, signal) =>
      get(`${home}/versions?limit=${PAGE}${before === undefined ? "" : `&before=${before}`}`, signal),
    version: (number, signal) => get(`${home}/versions/${number}`, signal),
    async refining(signal) {
      const { runs } = await get<RunPage>(`/api/runs?about=${encodeURIComponent(runId)}`, signal);
      const going = runs.filter(({ pipeline, status }) => pipeline === REFINE && !ENDED.has(status));
      const whole = going.map(({ run_id }) =>
        get<RunBody & { input?: { section?: string } }>(addressOf(run_id), signal),
      );
      // A list says of a run what it is, and only the run itself what it was asked.
      return (await Promise.all(whole)).flatMap(({ run_id, input }) =>
        input?.section === undefined ? [] : [{ runId: run_id, section: input.section }],
      );
    },
  };
}

function addressOf(runId: string): string {
  return `/api/runs/${encodeURIComponent(runId)}`;
}

function headersOf({ author, version }: Changing): Headers {
  const headers = new Headers();
  if (author) headers.set("Stepglass-Author", inLatin(author));
  if (version !== undefined) headers.set("If-Match", `"${version}"`);
  return headers;
}

/** A header carries bytes, which `fetch` takes as the characters below 256: a name goes in them as UTF-8. */
function inLatin(words: string): string {
  return String.fromCharCode(...new TextEncoder().encode(words));
}
