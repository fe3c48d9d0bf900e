import { expect, test } from "vitest";
import { partialJson } from "../../src/components/partial-json.ts";

const DOCUMENT = {
  vision: 'Say "yes" — \\o/ ünïcödé 🪟',
  strategy: ["one", "two"],
  bets: [{ bet: "b", count: 12.5, done: false, none: null }],
  nested: { deep: { deeper: [] } },
};

test("a whole document is what JSON.parse makes of it", () => {
  expect(partialJson(JSON.stringify(DOCUMENT, null, 2))).toEqual(DOCUMENT);
});

test("a document that is cut anywhere never has more in it than it will have", () => {
  const text = JSON.stringify(DOCUMENT);
  for (let end = 1; end < text.length; end += 1) {
    const part = partialJson(text.slice(0, end));
    expect(isWithin(part, DOCUMENT), text.slice(0, end)).toBe(true);
  }
});

test("a string that is being written is there as far as it goes", () => {
  expect(partialJson('{"vision": "A town of 5,0')).toEqual({ vision: "A town of 5,0" });
  expect(partialJson('{"vision": "half an escape \\u00')).toEqual({ vision: "half an escape " });
  expect(partialJson('{"vision": "x", "strat')).toEqual({ vision: "x" });
  expect(partialJson('{"count": 12')).toEqual({});
});

test("a fence around it is not part of it", () => {
  expect(partialJson('```json\n{"a": "b')).toEqual({ a: "b" });
});

test("what is not JSON is said to be none", () => {
  expect(partialJson("# A heading")).toBeUndefined();
  expect(partialJson("{not json}")).toBeUndefined();
  expect(partialJson("")).toBeUndefined();
  expect(partialJson("[".repeat(100_000))).toBeUndefined();
});

test("a name that means something to the language means nothing here", () => {
  const value = partialJson('{"__proto__": {"polluted": "yes"}, "a": "b"}') as Record<string, unknown>;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect("polluted" in value).toBe(false);
});

/** Whether every text begins the one at the same place, everything else is equal, and nothing is added. */
function isWithin(part: unknown, whole: unknown): boolean {
  if (part === undefined) return true;
  if (typeof part === "string") return String(whole).startsWith(part.replace(/[\ud800-\udbff]$/, ""));
  if (typeof part !== "object" || part === null) return part === whole;
  return Object.entries(part).every(([name, value]) => isWithin(value, (whole as Record<string, unknown>)[name]));
}
