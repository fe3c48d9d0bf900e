import { describe, expect, test } from "vitest";
import { type Lines, LONGEST_LINE, linesOf, MOST_ITEMS } from "../../../src/app/batches/lines.ts";
import { refusalOf } from "../../../src/app/batches/refusal.ts";
import { en } from "../../../src/app/text/en.ts";

const WORDS = en.batches.faults;
const TEXT = { type: "string", minLength: 1, maxLength: 5 };
const SCHEMA = {
  properties: { company_name: TEXT, why: TEXT, on_invalid: { type: "string", enum: ["fail", "ask"] } },
  required: ["company_name", "why"],
  additionalProperties: false,
};
const GOOD = { company_name: "Acme", why: "Money" };

function read(...lines: readonly (string | object)[]): Lines {
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
  return linesOf(WORDS, text, SCHEMA);
}

function faults({ lines }: Lines): (readonly string[])[] {
  return lines.map((line) => line.faults);
}

describe("a line", () => {
  test("is an input, or one under a key", () => {
    const found = read({ key: "a", input: GOOD }, { key: null, input: GOOD }, GOOD);
    expect(found.lines.map(({ key, about, keyed }) => [key, about, keyed])).toEqual([
      ["a", "Acme", true],
      [undefined, "Acme", true],
      [undefined, "Acme", true],
    ]);
    expect([found.wrong, found.fault]).toEqual([0, undefined]);
  });

  test("that is empty is counted, and is none", () => {
    const found = read("\uFEFF", GOOD, "  ", "\r", { key: "b", input: GOOD }, "");
    expect(found.lines.map(({ number }) => number)).toEqual([2, 5]);
  });

  test("says what is wrong with it", () => {
    const found = read(
      '{"company_name": "Acme"',
      "[1]",
      { company_name: "Acme" },
      { company_name: "  ", why: 7 },
      { company_name: "Öäüßé!", why: "a", on_invalid: "whatever", more: 1 },
    );
    expect(faults(found)).toEqual([
      ["This is no JSON."],
      ["A line is one JSON object, in braces."],
      ["why: It is missing."],
      ["company_name: It is empty.", "why: It should be text, in quotes."],
      ["company_name: 1 character too many.", "more: Nobody asks for this."],
    ]);
    expect(found.wrong).toBe(5);
  });

  test.each([
    ["", false],
    ["x".repeat(201), false],
    ["two\nlines", false],
    ["no\u00a0break", false],
    [7, false],
    ["a key/with ~ and Ünïcode", true],
  ])("may have a key like %j: %s", (key, good) => {
    expect(faults(read({ key, input: GOOD }))).toEqual([good ? [] : [WORDS.key]]);
  });

  test("has a key that no other has, or is no other's double", () => {
    const found = read({ key: "a", input: GOOD }, GOOD, { key: "a", input: GOOD }, "", GOOD);
    expect(faults(found)).toEqual([[], [], ["Line 1 has the same key."], ["Line 2 is the same."]]);
  });

  test("is no longer than the server reads", () => {
    const long = JSON.stringify({ ...GOOD, why: "ä".repeat(LONGEST_LINE / 2) });
    expect(faults(read(long))).toEqual([["Longer than 256 KB."]]);
  });
});

describe("a file", () => {
  test("with nothing in it says so", () => {
    expect(read("", " ").fault).toBe("There is no line with anything in it.");
  });

  test("has as many lines as there may be", () => {
    const lines = Array.from({ length: MOST_ITEMS + 1 }, (_, at) => JSON.stringify({ key: String(at), input: GOOD }));
    expect(read(...lines).fault).toBe("10,001 lines; there may be 10,000.");
    expect(read(...lines.slice(1))).toMatchObject({ wrong: 0, fault: undefined });
  });

  test("that is one document is known by its first line", () => {
    expect(read("[", '  {"company_name": "Acme"}', "]").fault).toBe(WORDS.document);
    expect(read("{", "}").fault).toBe(WORDS.document);
    expect(read("[1, 2]").fault).toBeUndefined();
  });
});

describe("a refusal", () => {
  const { lines } = read("", GOOD, "", { key: "b", input: GOOD });

  test("is told at lines as the file counts them, and at fields", () => {
    const errors = [
      { pointer: "/items/1/input/why", detail: "Line 4: why is too good." },
      { pointer: "/items/1/key", detail: "Line 4: Item 0 has the same key." },
      { pointer: "/items/0/input/a~1b", detail: "Line 2: Not that." },
      { pointer: "/concurrency", detail: "At most 100." },
    ];
    const told = refusalOf({ type: "/problems/invalid-input", title: "No", detail: "No", errors }, lines);
    expect([...told.lines]).toEqual([
      [4, ["why is too good.", "Item 0 has the same key."]],
      [2, ["a/b: Not that."]],
    ]);
    expect([told.fields, told.placed]).toEqual([{ concurrency: "At most 100." }, true]);
  });

  test("of what has no place here is told as a whole", () => {
    const errors = [{ pointer: "/items", detail: "Too many." }];
    const told = refusalOf({ type: "/problems/invalid-input", title: "No", detail: "No", errors }, lines);
    expect([told.lines.size, told.placed]).toEqual([0, false]);
    expect(refusalOf({ type: "/problems/unavailable", title: "No", detail: "No" }, lines).placed).toBe(false);
  });
});
