/** A place of a JSON Schema as it is meant: references followed, and `null` taken out of what it may be. */

import { isObject } from "../vision.ts";

export type Json = Readonly<Record<string, unknown>>;

export interface Read {
  readonly schema: Json;
  readonly nullable: boolean;
}

const MOST_STEPS = 12;

/** A reference that leads nowhere, or round and round, is a schema that says nothing. */
export function read(at: Json, root: Json): Read {
  let [schema, nullable] = [at, false];
  for (let step = 0; step < MOST_STEPS; step++) {
    const { $ref, allOf, ...rest } = schema;
    const only = Array.isArray(allOf) && allOf.length === 1 && isObject(allOf[0]) ? allOf[0] : undefined;
    const target = typeof $ref === "string" ? follow($ref, root) : only;
    if (target) {
      // What stands beside a reference is said of this place. The title there is the name of a class.
      const { title: _, ...said } = target;
      schema = { ...said, ...rest };
      continue;
    }
    const without = withoutNull(schema);
    if (!without) return { schema: $ref === undefined ? schema : {}, nullable };
    schema = without;
    nullable = true;
  }
  return { schema: {}, nullable };
}

/** The schema of what is not null, where it may be null; else undefined. */
function withoutNull(schema: Json): Json | undefined {
  const { anyOf, oneOf, type, enum: values, ...rest } = schema;
  const union = anyOf ?? oneOf;
  if (Array.isArray(union)) {
    const others = union.filter((each) => !(isObject(each) && each["type"] === "null"));
    const [first] = others;
    if (others.length === 1 && isObject(first)) return others.length < union.length ? { ...first, ...rest } : undefined;
    return others.length < union.length ? { ...rest, type, anyOf: others } : undefined;
  }
  if (Array.isArray(values) && values.includes(null) && values.length > 1) {
    return { ...rest, type, enum: values.filter((value) => value !== null) };
  }
  if (!(Array.isArray(type) && type.includes("null"))) return undefined;
  const types = type.filter((each) => each !== "null");
  return { ...schema, type: types.length === 1 ? types[0] : types };
}

function follow(reference: string, root: Json): Json | undefined {
  if (!reference.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const part of reference.slice(1).split("/").slice(1)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return isObject(at) ? at : undefined;
}
