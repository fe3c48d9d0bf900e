import { expect, test } from "vitest";
import { type Documents, documentsOf } from "../../src/app/run/documents.ts";
import { jsonOf, markdownOf } from "../../src/app/run/exports.ts";
import { en as app } from "../../src/app/text/en.ts";
import { opening, type RunView } from "../../src/core/view.ts";
import type { DocumentBody, VersionBody } from "../../src/core/wire.ts";
import { en as text } from "../../src/text/en.ts";
import { AT, card, FRAMEWORK } from "../document-server.ts";
import { RUN_ID } from "../story.ts";

const RESULT = {
  framework: FRAMEWORK,
  scores: { vision: card(8.2), strategy: card(5) },
  one_pager: { markdown: "# Acme\n\nThe page.", words: 2 },
};
const view: RunView = { ...opening(RUN_ID), pipeline: "vision_framework", status: "complete", result: RESULT };
const edit: VersionBody = {
  version: 2,
  kind: "edit",
  sections: ["vision"],
  by: "Ada",
  at: AT,
  refined_by: null,
  shows: 2,
};
const present: DocumentBody = {
  ...edit,
  run_id: RUN_ID,
  framework: { ...FRAMEWORK, vision: "The vision as it is now." },
  scores: { strategy: card(5) },
};
const markdown = (documents: Documents): string => markdownOf(text, app, "Acme", documents);

test("what is taken away is the present version, and says which it is", () => {
  const made = markdown(documentsOf(view, present, [edit]));
  expect(made).toContain("*Version 2. Edited Vision by Ada, ");
  expect(made).toContain("### Vision\n\nThe vision as it is now.");
  expect(made, "a score of another text is none").not.toContain("8.2");
  expect(made).toContain("### Strategy (5, Needs attention)");
  expect(jsonOf(view, documentsOf(view, present, [edit]))).toMatchObject({
    framework: { vision: "The vision as it is now." },
    scores: { strategy: { overall: 5 } },
    one_pager: RESULT.one_pager,
    version: { version: 2, kind: "edit", by: "Ada", at: "2026-11-20T12:00:00.000Z" },
  });
});

test("what the run wrote from its own version says so, once there is another", () => {
  expect(markdown(documentsOf(view, present, [edit]))).toContain("*Written from version 1 of the framework. It is at");
  expect(markdown(documentsOf(view, { ...present, version: 1, kind: "run" }))).not.toContain("Written from version 1");
});

test("a recording, which has no versions, is taken away as the run made it", () => {
  expect(markdown(documentsOf(view))).not.toMatch(/Version \d/);
  expect(jsonOf(view, documentsOf(view))).toBe(RESULT);
});
