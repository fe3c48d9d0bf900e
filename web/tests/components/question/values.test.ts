import { describe, expect, test } from "vitest";
import { type Entry, entryOf, fieldsIn, mended, valueIn } from "../../../src/components/question/entry.ts";
import { faultsOf, told, without } from "../../../src/components/question/faults.ts";
import { sayAnswer } from "../../../src/components/question/say.ts";
import { type Shape, shapeOf } from "../../../src/components/question/shape.ts";
import { en } from "../../../src/text/en.ts";
import { DECISION, FRAMEWORK, ORDER, TREE } from "./schemas.ts";

const order = shapeOf(ORDER);

function faults(shape: Shape, entry: Entry): Readonly<Record<string, string>> {
  return faultsOf(en.question, shape, entry);
}

/** The order with everything that must be said, and what else is given. */
function filled(more: Record<string, Entry> = {}): Entry {
  const parts = [{ id: 0, entry: { street: "High Street 1", zip: "12345" } }];
  const said = { name: "Ada", reason: "Because", count: "3", colour: "1", wanted: "0", day: "2026-11-21", either: "5" };
  return { ...fieldsIn(entryOf(order)), ...said, parts, address: { street: "A", zip: "54321" }, ...more };
}

function kinds(shape: Shape): Record<string, string> {
  if (shape.kind !== "group") throw new Error(shape.kind);
  return Object.fromEntries(shape.members.map((each) => [each.name, each.shape.kind]));
}

describe("the schema of a pydantic model", () => {
  test("has a field of its own for each of its members, and JSON for what has no form", () => {
    expect(kinds(order)).toEqual({
      ...{ name: "text", reason: "text", note: "text", count: "number", weight: "number", colour: "choice" },
      ...{ size: "choice", gift: "choice", wanted: "choice", day: "text", tags: "list", parts: "list" },
      ...{ address: "group", other: "group", kind: "constant", extra: "json", either: "json" },
    });
  });

  test("says which may be null, which are long, and how they are called", () => {
    const members = order.kind === "group" ? order.members : [];
    const named = (name: string): Shape => members.find((each) => each.name === name)?.shape as Shape;
    expect(named("name")).toMatchObject({ title: "Your name", help: "As on the door.", long: false, nullable: false });
    expect(named("reason")).toMatchObject({ long: true });
    expect(named("note")).toMatchObject({ title: "Note", nullable: true, max: 2000 });
    expect(named("other")).toMatchObject({ title: undefined, help: "Where it goes.", nullable: true });
    expect(named("day")).toMatchObject({ input: "date" });
  });

  test("makes a value that it is a schema of", () => {
    expect(faults(order, filled())).toEqual({});
    expect(valueIn(order, filled())).toEqual({
      ...{ name: "Ada", reason: "Because", note: null, count: 3, weight: null, colour: "deep_blue", size: "m" },
      ...{ gift: false, wanted: true, day: "2026-11-21", tags: ["new"], kind: "order", extra: {}, either: 5 },
      parts: [{ street: "High Street 1", zip: "12345" }],
      ...{ address: { street: "A", zip: "54321" }, other: null },
    });
  });

  test("has nothing said for anybody: what must be answered is asked for where it is", () => {
    expect(faults(order, entryOf(order))).toEqual({
      "/name": "Please answer this.",
      "/reason": "Please answer this.",
      "/count": "Please answer this.",
      "/colour": "Please choose.",
      "/wanted": "Please choose.",
      "/day": "Please answer this.",
      "/parts/0/street": "Please answer this.",
      "/parts/0/zip": "Please answer this.",
      "/address/street": "Please answer this.",
      "/address/zip": "Please answer this.",
      "/either": "Please answer this.",
    });
  });

  test("is known again after a round through JSON, and mended where what was kept is something else", () => {
    const kept: unknown = JSON.parse(JSON.stringify(filled()));
    expect(mended(order, kept)).toEqual(filled());
    for (const junk of [null, 7, "x", [], { parts: "no", name: { at: 1 }, tags: [1, { entry: [] }] }]) {
      expect(faults(order, mended(order, junk))).toMatchObject({ "/count": "Please answer this." });
    }
    expect(fieldsIn(mended(order, { name: "Bob", count: null }))).toMatchObject({ name: "Bob", count: "", size: "1" });
  });
});

test.each([
  ["name", "A", "1 character too few."],
  ["name", "A".repeat(42), "2 characters too many."],
  ["name", "👩‍🔬".repeat(10), undefined],
  ["count", "three", "This is not a number."],
  ["count", "2.5", "This is not a whole number."],
  ["count", "0", "It may be 1 or more."],
  ["count", "10", "It may be 9 or less."],
  ["count", " 9 ", undefined],
  ["weight", "0", "It may be more than 0."],
  ["weight", "", undefined],
  ["extra", "{", expect.stringContaining("This is not JSON: ")],
  ["extra", '{"a": [1]}', undefined],
  ["note", " ", undefined],
])("what is written as %s, %j, is told what is wrong with it", (name, written, wrong) => {
  expect(faults(order, filled({ [name]: written }))).toEqual(wrong === undefined ? {} : { [`/${name}`]: wrong });
});

test("a pattern is kept to, and one that only the server understands is left to it", () => {
  const wrong = filled({ address: { street: "A", zip: "abc" } });
  expect(faults(order, wrong)).toEqual({ "/address/zip": "It does not have the form that is asked for." });
  expect(faults(shapeOf({ type: "string", pattern: "(?<" }), "x")).toEqual({});
});

test("a list has as many as it may, and each of them is looked at", () => {
  const tags = (count: number): Entry => Array.from({ length: count }, (_, id) => ({ id, entry: "x" }));
  expect(faults(order, filled({ tags: tags(4) }))).toEqual({ "/tags": "At most 3 items, please." });
  expect(faults(order, filled({ parts: [] }))).toEqual({ "/parts": "At least 1 item, please." });
  const empty = filled({ tags: [{ id: 4, entry: "" }] });
  expect(faults(order, empty)).toEqual({ "/tags/0": "Please answer this." });
});

test("what stood there and was cleared does not come back as the default", () => {
  const shape = shapeOf({
    type: "object",
    properties: { a: { type: "string", default: "x" }, b: ORDER.properties.tags },
  });
  expect(valueIn(shape, { a: "", b: [] })).toEqual({ a: "", b: [] });
  expect(valueIn(shapeOf({ type: "object", properties: { a: { type: "string" } } }), { a: "" })).toEqual({});
});

test("something of an object that may be missing makes all of it wanted", () => {
  expect(faults(order, filled({ other: { street: "B", zip: "" } }))).toEqual({ "/other/zip": "Please answer this." });
});

describe("a choice between objects", () => {
  const decision = shapeOf(DECISION);
  const framework = shapeOf(FRAMEWORK);

  test("is known by its tag, and called by its value where it has no title", () => {
    expect(decision).toMatchObject({ kind: "tagged", tag: "action" });
    expect(sayAnswer(en, decision, { action: "not_now" })).toBe("Not now");
    expect(sayAnswer(en, framework, { action: "give_up" })).toBe("Give up");
    const { discriminator: _, ...bare } = DECISION;
    expect(shapeOf(bare)).toMatchObject({ kind: "tagged", tag: "action" });
  });

  test("wants to be made, and then what belongs to it and nothing else", () => {
    expect(faults(decision, entryOf(decision))).toEqual({ "": "Please choose." });
    const yes = { ...fieldsIn(entryOf(decision)), at: "0" };
    expect(faults(decision, yes)).toEqual({ "/how_many": "Please answer this." });
    expect(valueIn(decision, { ...yes, 0: { how_many: "4" } })).toEqual({ action: "yes", how_many: 4 });
    expect(valueIn(decision, { ...yes, at: "1" })).toEqual({ action: "not_now" });
  });

  test("begins with what it is to be made of, and shows what of that cannot stay", () => {
    const edit = { ...fieldsIn(entryOf(framework)), at: "0" };
    expect(faults(framework, edit)).toEqual({ "/sections/metrics/1/cadence": "Please choose." });
    const metrics = [{ id: 1, entry: { name: "Product team", cadence: "2" } }];
    const one = { ...edit, 0: { sections: { vision: "It is light in every village.", metrics } } };
    expect(faults(framework, one)).toEqual({ "/sections/metrics": "At least 2 items, please." });
    expect(valueIn(framework, { ...edit, at: "2" })).toEqual({ action: "give_up" });
    expect(mended(framework, JSON.parse(JSON.stringify(edit)))).toEqual(edit);
  });

  test("may have one that is chosen to begin with", () => {
    const shape = shapeOf({ ...DECISION, default: { action: "yes", how_many: 2 } });
    expect(valueIn(shape, entryOf(shape))).toEqual({ action: "yes", how_many: 2 });
  });
});

test.each([
  [{ type: "string" }, "yes", "yes"],
  [{ type: "boolean" }, "1", false],
  [{ anyOf: [{ type: "integer" }, { type: "null" }] }, "", null],
  [{ enum: ["a", 1, null] }, "", null],
  [{ oneOf: [{ const: 1 }, { const: 2 }] }, "1", 2],
  [{ type: ["integer", "null"] }, "7", 7],
  [{ allOf: [{ $ref: "#/$defs/A" }], $defs: { A: { type: "number" } } }, "1.5", 1.5],
  [{ type: "array", prefixItems: [{ type: "string" }] }, '["x"]', ["x"]],
  [{ type: ["integer", "string"] }, '"x"', "x"],
  [{}, "[1]", [1]],
] as const)("a question of the schema %j may be answered with one value", (schema, entry, value) => {
  const shape = shapeOf(schema);
  expect(faults(shape, entry)).toEqual({});
  expect(valueIn(shape, entry)).toEqual(value);
});

test("a schema that goes round, or is nonsense, has a form all the same", () => {
  const loop = { $defs: { A: { $ref: "#/$defs/B" }, B: { $ref: "#/$defs/A" } }, $ref: "#/$defs/A" };
  const odd = [undefined, null, 3, "x", [], { $ref: "elsewhere.json" }, { $ref: "#/nowhere" }, { type: "object" }];
  const wrong = [
    { properties: 3, type: "object" },
    { anyOf: [] },
    { oneOf: [3, null] },
    { enum: [] },
    { items: 1, type: "array" },
  ];
  for (const schema of [TREE, loop, ...odd, ...wrong]) {
    const shape = shapeOf(schema);
    expect(() => faults(shape, entryOf(shape))).not.toThrow();
    expect(JSON.stringify(shape).length).toBeLessThan(20_000);
  }
  expect(shapeOf(loop).kind).toBe("json");
});

describe("what the server says", () => {
  const said = (pointer: string): Readonly<Record<string, string>> =>
    told([{ pointer, detail: "No." }], order, filled({ parts: [{ id: 3, entry: { street: "", zip: "" } }] }));

  test.each([
    ["/value/name", "/name"],
    ["/value/parts/0/zip", "/parts/0/zip"],
    ["/value/parts/7/zip", "/parts"],
    ["/value/extra/deep/down", "/extra"],
    ["/value/unknown", ""],
    ["/value", ""],
  ])("about %s is said at the nearest place of the form", (pointer, at) => {
    expect(said(pointer)).toEqual({ [at]: "No." });
  });

  test("twice about one place is said there together", () => {
    const errors = ["One.", "Two."].map((detail) => ({ pointer: "/value/name", detail }));
    expect(told(errors, order, filled())).toEqual({ "/name": "One. Two." });
  });

  test("holds until something is written there, above it or below", () => {
    const all = { "": "a", "/parts": "b", "/parts/0/zip": "c", "/partsy": "d" };
    expect(without(all, "/parts/0/zip")).toEqual({ "/partsy": "d" });
    expect(without(all, "/parts")).toEqual({ "/partsy": "d" });
    expect(without(all, "/other")).toEqual({ "/parts": "b", "/parts/0/zip": "c", "/partsy": "d" });
  });
});

test.each([
  [{ type: "string" }, "spring", "spring"],
  [{ type: "string" }, "x".repeat(61), undefined],
  [{ enum: ["near_term", "6mo"] }, "near_term", "Near term"],
  [{ enum: ["near_term", "6mo"] }, "6mo", "6mo"],
  [{ type: "boolean" }, true, "Yes"],
  [{ type: "object", properties: {} }, {}, undefined],
  [{ type: "string" }, null, undefined],
] as const)("an answer to %j is said in a few words, where there are few", (schema, value, words) => {
  expect(sayAnswer(en, shapeOf(schema), value)).toBe(words);
});
