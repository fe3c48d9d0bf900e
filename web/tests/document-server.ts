/** A run's document on a server of the test's: its versions, its refinements, and somebody else who works on it too. */

import type { DocumentBody, VersionBody } from "../src/core/wire.ts";
import { type Asked, json, problem, Server } from "./server.ts";
import { RUN_ID, Story } from "./story.ts";

export const REFINE_ID = "01938f3a-7c4e-7d2a-9b1f-00000000000";
const HOME = `/api/runs/${RUN_ID}/framework`;
export const AT = Date.UTC(2026, 10, 20, 12);

interface Kept extends VersionBody {
  framework: Record<string, unknown>;
  scores: Record<string, unknown>;
  back: number | undefined;
  ahead: number[];
}

export function card(overall: number, more: object = {}): object {
  const badge = overall >= 8 ? "excellent" : overall >= 6 ? "good" : "needs_work";
  const marks = { specificity: overall, actionability: overall, alignment: overall };
  return {
    ...marks,
    issues: ["It is vague."],
    suggestions: ["Name a number."],
    strengths: [],
    overall,
    badge,
    ...more,
  };
}

export const FRAMEWORK = {
  vision: "Every farming town has light. We bring it there.",
  strategy: ["Serve the mills before the homes.", "Stay in two regions for now."],
  operating_principles: ["Never switch off a clinic.", "Publish the uptime of every town.", "Hire close to the site."],
  near_term_bets: [
    { bet: "Build a site in 45 days.", owner: "Operations", horizon: "H2", measure: "Days per site" },
    { bet: "Raise local-currency debt.", owner: "Finance", horizon: "Q3", measure: "Six million dollars" },
  ],
  metrics: [
    { name: "Live sites", target: "120", cadence: "quarterly" },
    { name: "Uptime", target: "99.2 percent", cadence: "monthly" },
    { name: "Revenue", target: "11 million", cadence: "monthly" },
  ],
  tensions: [],
};

export class DocumentServer extends Server {
  readonly versions: Kept[] = [];
  /** One for each refinement that was asked for, with its log. */
  readonly refinements: { id: string; section: string; wish: unknown; server: Server; key: string | null }[] = [];

  constructor(scores: Record<string, unknown> = { vision: card(8.2), strategy: card(5), metrics: card(5.5) }) {
    super();
    this.versions.push({
      ...{ version: 1, kind: "run", sections: [], by: null, at: AT, refined_by: null, shows: 1 },
      ...{ framework: FRAMEWORK, scores, back: undefined, ahead: [] },
    });
    this.#route("", (asked) => (asked.method === "PATCH" ? this.#edit(asked) : this.#present(asked)));
    this.#route("/undo", (asked) => this.#if(asked, () => this.#undo(asked)));
    this.#route("/redo", (asked) => this.#if(asked, () => this.#redo(asked)));
    this.#route("/apply", (asked) => this.#apply(asked));
    this.#route("/versions", (asked) => this.#list(asked));
    this.routes.set(`/api/runs/${RUN_ID}/refine`, (asked) => this.#refine(asked));
    this.routes.set("/api/runs", () => json({ runs: this.refinements.map((each) => runOf(each)) }));
    this.#routeVersions();
  }

  get last(): Kept {
    const last = this.versions.at(-1);
    if (!last) throw new Error("There is always a version.");
    return last;
  }

  /** What was sent that changes something. */
  get changes(): Asked[] {
    return this.asked.filter(({ method }) => method !== "GET");
  }

  /** Somebody else edits it. */
  edited(sections: Record<string, unknown>, by = "Bo"): void {
    this.#add({ kind: "edit", by, sections: Object.keys(sections), ...this.#with(sections) });
  }

  /** What the refinement that was asked for last ends with. */
  refined(
    after: unknown,
    { before, number = -1, overall = 9 }: { before?: unknown; number?: number; overall?: number } = {},
  ): void {
    const asked = this.refinements.at(number);
    if (!asked) throw new Error("Nobody has asked for a refinement.");
    const was = before ?? (this.last.framework as Record<string, unknown>)[asked.section];
    const scores = { score_before: card(5), score_after: card(overall) };
    const told = asked.server as Server & { story?: Story };
    const story = new Story();
    story.events.push(...told.log);
    story.completes("refine").done({ section: asked.section, before: was, after, ...scores });
    asked.server.say(...story.events.slice(told.log.length));
  }

  #route(path: string, answer: (asked: Asked) => Response): void {
    this.routes.set(HOME + path, answer);
  }

  #routeVersions(): void {
    for (const version of this.versions) this.#route(`/versions/${version.version}`, () => this.#shown(version));
  }

  #present(asked: Asked): Response {
    const known = asked.headers.get("If-None-Match") === `"${this.last.version}"`;
    return known ? new Response(null, { status: 304 }) : this.#shown(this.last);
  }

  #shown({ back, ahead, shows: _, ...version }: Kept): Response {
    const body: DocumentBody = { run_id: RUN_ID, ...version, can_undo: back !== undefined, can_redo: ahead.length > 0 };
    return json(body);
  }

  #if(asked: Asked, act: () => Response): Response {
    const wanted = asked.headers.get("If-Match");
    const now = this.last.version;
    return wanted === null || wanted === `"${now}"` ? act() : problem(412, "Outrun", { type: "/problems/outrun" });
  }

  #edit(asked: Asked): Response {
    return this.#if(asked, () => {
      const sections = JSON.parse(asked.body ?? "{}") as Record<string, unknown>;
      const by = author(asked);
      return this.#add({ kind: "edit", by, sections: Object.keys(sections), ...this.#with(sections) });
    });
  }

  #with(sections: Record<string, unknown>): Pick<Kept, "framework" | "scores"> {
    const kept = Object.entries(this.last.scores).filter(([name]) => !(name in sections));
    return { framework: { ...this.last.framework, ...sections }, scores: Object.fromEntries(kept) };
  }

  #add(version: Partial<Kept>): Response {
    const number = this.last.version + 1;
    const facts = { at: AT + number * 60_000, refined_by: null, by: null, shows: number, back: this.last.shows };
    this.versions.push({ ...this.last, ahead: [], ...facts, ...version, version: number });
    this.#routeVersions();
    return this.#shown(this.last);
  }

  #undo(asked: Asked): Response {
    const { back, shows, ahead } = this.last;
    const before = this.#numbered(back);
    if (!before) return problem(409, "Nothing to undo", { type: "/problems/nothing-to-undo" });
    const { sections = [] } = this.#numbered(shows) ?? {};
    return this.#step("undo", before, [shows, ...ahead], sections, asked);
  }

  #redo(asked: Asked): Response {
    const [next, ...ahead] = this.last.ahead;
    const again = this.#numbered(next);
    if (!again) return problem(409, "Nothing to redo", { type: "/problems/nothing-to-redo" });
    return this.#step("redo", again, ahead, again.sections, asked);
  }

  #step(kind: "undo" | "redo", to: Kept, ahead: number[], sections: string[], asked: Asked): Response {
    const { framework, scores, shows, back } = to;
    return this.#add({ kind, framework, scores, shows, back, ahead, sections, by: author(asked) });
  }

  #numbered(number: number | undefined): Kept | undefined {
    return this.versions.find(({ version }) => version === number);
  }

  #list(asked: Asked): Response {
    const query = new URLSearchParams(asked.path.split("?")[1]);
    const before = Number(query.get("before") ?? Number.POSITIVE_INFINITY);
    const page = this.versions
      .filter(({ version }) => version < before)
      .toReversed()
      .slice(0, Number(query.get("limit")));
    const versions = page.map(({ framework: _, scores: __, back: ___, ahead: ____, ...version }) => version);
    const last = versions.at(-1)?.version ?? 1;
    return json({ versions, ...(last > 1 ? { next_before: last } : {}) });
  }

  #refine(asked: Asked): Response {
    const key = asked.headers.get("Idempotency-Key");
    const known = this.refinements.find((each) => each.key === key);
    const { section, ...wish } = JSON.parse(asked.body ?? "{}") as { section: string };
    const id = known?.id ?? REFINE_ID + (this.refinements.length + 1);
    if (!known) this.#begin(id, section, wish, key);
    return json({ run_id: id, events_url: "" }, 202);
  }

  #begin(id: string, section: string, wish: unknown, key: string | null): void {
    const server = new Server(new Story().started("refine").start("refine").writes("refine", "Being wri").events);
    const refinement = { id, section, wish, server, key };
    this.refinements.push(refinement);
    this.routes.set(`/api/runs/${id}`, () => json({ ...runOf(refinement), input: { section } }));
    this.routes.set(`/api/runs/${id}/cancel`, () => json({ run_id: id, status: "cancelled" }));
    this.routes.set(`/api/runs/${id}/events`, ({ path, headers }) =>
      server.fetch(path, { headers }).then((answer) => answer),
    );
  }

  #apply(asked: Asked): Response {
    const { refine_run_id: id } = JSON.parse(asked.body ?? "{}") as { refine_run_id: string };
    const refinement = this.refinements.find((each) => each.id === id);
    const last = refinement?.server.log.at(-1);
    if (!refinement || last?.type !== "complete")
      return problem(409, "Not finished", { type: "/problems/not-finished" });
    const { section } = refinement;
    const { before, after, score_after } = last.data.result as {
      before: unknown;
      after: unknown;
      score_after: unknown;
    };
    if (JSON.stringify(before) !== JSON.stringify(this.last.framework[section])) {
      return problem(409, "Outrun", { type: "/problems/outrun" });
    }
    const framework = { ...this.last.framework, [section]: after };
    const scores = { ...this.last.scores, [section]: score_after };
    return this.#add({ kind: "refine", sections: [section], framework, scores, refined_by: id, by: author(asked) });
  }
}

function runOf({ id, server }: { id: string; server: Server }): object {
  const status = server.log.at(-1)?.type === "complete" ? "complete" : "running";
  return { run_id: id, pipeline: "refine", status, progress: 0, tail_seq: server.log.length, steps: [], models: [] };
}

function author(asked: Asked): string {
  const bytes = asked.headers.get("Stepglass-Author");
  if (bytes === null) return "default";
  return new TextDecoder().decode(Uint8Array.from(bytes, (each) => each.charCodeAt(0)));
}
