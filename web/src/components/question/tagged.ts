/** Several objects of which one is to be chosen, told apart by a constant that each has under the same name. */

import { isObject } from "../vision.ts";
import type { Json } from "./schema.ts";
import type { GroupShape, Named, Shape, TaggedShape } from "./shape.ts";

type GroupOf = (schema: Json, about: Named) => GroupShape | undefined;

/** Undefined for a union that is no such choice. One of constants alone is a choice of values. */
export function tagged(members: readonly Json[], schema: Json, about: Named, groupOf: GroupOf): Shape | undefined {
  if (members.every((each) => "const" in each)) {
    return { ...about, kind: "choice", values: members.map((each) => each["const"]) };
  }
  const tag = tagOf(members, schema);
  if (tag === undefined) return undefined;
  const cases = members.map((each) => caseOf(each, tag, groupOf));
  return { ...about, kind: "tagged", tag, cases };
}

function tagOf(members: readonly Json[], schema: Json): string | undefined {
  const { discriminator } = schema;
  const named = isObject(discriminator) ? discriminator["propertyName"] : undefined;
  const names = typeof named === "string" ? [named] : Object.keys(propertiesOf(members[0] ?? {}));
  return names.find((name) => {
    const values = members.map((each) => constant(each, name));
    return !values.includes(undefined) && new Set(values).size === values.length;
  });
}

function caseOf(member: Json, tag: string, groupOf: GroupOf): TaggedShape["cases"][number] {
  const { [tag]: _, ...properties } = propertiesOf(member);
  const value = constant(member, tag);
  const title = typeof member["title"] === "string" ? member["title"] : undefined;
  const help = typeof member["description"] === "string" ? member["description"] : undefined;
  const about = { title, help, given: undefined, nullable: false };
  return { value, group: groupOf({ ...member, properties }, about) ?? { ...about, kind: "group", members: [] } };
}

function constant(member: Json, name: string): unknown {
  const about = propertiesOf(member)[name];
  if (!isObject(about)) return undefined;
  const values = about["enum"];
  return "const" in about ? about["const"] : Array.isArray(values) && values.length === 1 ? values[0] : undefined;
}

function propertiesOf(member: Json): Json {
  return isObject(member["properties"]) ? member["properties"] : {};
}
