/** What a run made, to take away: Markdown, JSON, paper. */

import { type Framework, isObject, SECTIONS } from "../../components/vision.ts";
import type { RunView } from "../../core/view.ts";
import { useText } from "../../text/context.tsx";
import type { Text } from "../../text/en.ts";
import { nameOf, score } from "../../text/format.ts";
import type { MenuItem } from "../menu.tsx";
import { fileName, save, textFile } from "../save.ts";
import type { AppText } from "../text/en.ts";
import { useAppText } from "../text/languages.tsx";
import { useToast } from "../toast.tsx";
import type { Documents } from "./documents.ts";
import { sayBasis, sayPresent } from "./say-version.ts";

export function useExports(view: RunView, title: string, documents: Documents): readonly MenuItem[] {
  const text = useText();
  const app = useAppText();
  const toast = useToast();
  const { run: words } = app;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(location.href);
    toast({ words: words.copied });
  };
  return [
    {
      key: "markdown",
      label: words.markdown,
      act: () => save(fileName(title, "md"), textFile("text/markdown", markdownOf(text, app, title, documents))),
    },
    {
      key: "json",
      label: words.json,
      act: () =>
        save(fileName(title, "json"), textFile("application/json", JSON.stringify(jsonOf(view, documents), null, 2))),
    },
    { key: "print", label: words.print, act: () => print() },
    { key: "link", label: words.copyLink, act: () => void copy() },
  ];
}

/** What the run ended with, with the framework as it is now, and which version of it that is. */
export function jsonOf(view: RunView, documents: Documents): unknown {
  const { present } = documents;
  if (!present) return view.result ?? documents;
  const { framework, scores, version, kind, sections, by, at } = present;
  const made = isObject(view.result) ? view.result : {};
  return { ...made, framework, scores, version: { version, kind, sections, by, at: new Date(at).toISOString() } };
}

/** The whole of what a run made, as one document. */
export function markdownOf(text: Text, app: AppText, title: string, documents: Documents): string {
  const parts: string[] = [`# ${title}`];
  const { framework, scores, onePager, founderBrief, investorSummary, quality } = documents;
  const basis = sayBasis(app, documents);
  if (framework) {
    parts.push(`## ${nameOf(text, "vision_framework")}`);
    const version = sayPresent({ text, app }, documents);
    if (version) parts.push(`*${version}*`);
    for (const name of SECTIONS) {
      const value = framework[name];
      if (value === undefined) continue;
      const card = scores[name];
      const scored = card ? ` (${score(text, card.overall)}, ${text.score.badge[card.badge]})` : "";
      parts.push(`### ${nameOf(text, name)}${scored}`, sectionOf(text, name, value));
    }
  }
  if (onePager) parts.push(`## ${app.run.tabs.one_pager}`, ...basis.map((note) => `*${note}*`), deeper(onePager, 2));
  if (founderBrief) parts.push(`## ${nameOf(text, "founder_brief")}`, deeper(founderBrief, 1));
  if (investorSummary) parts.push(`## ${nameOf(text, "investor_summary")}`, deeper(investorSummary, 1));
  if (quality?.recommendations.length) {
    parts.push(`## ${app.qa.recommendations}`, ...basis.map((note) => `*${note}*`), bullets(quality.recommendations));
  }
  return `${parts.join("\n\n")}\n`;
}

function sectionOf(text: Text, name: (typeof SECTIONS)[number], value: unknown): string {
  const { framework: words } = text;
  if (typeof value === "string") return value;
  if (!(Array.isArray(value) && value.length)) return words.empty;
  if (name === "near_term_bets") {
    const bets = value as Framework["near_term_bets"];
    return bullets(bets.map((bet) => `${bet.bet} (${bet.owner}, ${bet.horizon}; ${words.measure}: ${bet.measure})`));
  }
  if (name === "metrics") {
    const rows = (value as Framework["metrics"]).map((each) => [each.name, each.target, each.cadence]);
    const head = [words.name, words.target, words.cadence];
    return [head, ["---", "---", "---"], ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");
  }
  return bullets(value as string[]);
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

function cell(value: string): string {
  return value.replaceAll("|", "\\|");
}

/** Headings that stand below those of the whole document. */
function deeper(markdown: string, levels: number): string {
  return markdown.replaceAll(
    /^(#{1,6}) /gm,
    (_, marks: string) => `${"#".repeat(Math.min(6, marks.length + levels))} `,
  );
}
