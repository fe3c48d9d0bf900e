/** JSON Schemas as pydantic makes them of a model, and the one that a pipeline here writes by itself. */

const address = {
  description: "Where it goes.",
  properties: {
    street: { maxLength: 80, title: "Street", type: "string" },
    zip: { pattern: "^\\d{5}$", title: "Zip", type: "string" },
  },
  required: ["street", "zip"],
  title: "Address",
  type: "object",
};

/** A `BaseModel` with a field of nearly every kind. */
export const ORDER = {
  $defs: { Address: address, Colour: { enum: ["red", "deep_blue"], title: "Colour", type: "string" } },
  properties: {
    name: { description: "As on the door.", maxLength: 40, minLength: 2, title: "Your name", type: "string" },
    reason: { maxLength: 500, title: "Reason", type: "string" },
    note: { anyOf: [{ maxLength: 2000, type: "string" }, { type: "null" }], default: null, title: "Note" },
    count: { maximum: 9, minimum: 1, title: "Count", type: "integer" },
    weight: { anyOf: [{ exclusiveMinimum: 0, type: "number" }, { type: "null" }], default: null, title: "Weight" },
    colour: { $ref: "#/$defs/Colour" },
    size: { default: "m", enum: ["s", "m", "l"], title: "Size", type: "string" },
    gift: { default: false, title: "Gift", type: "boolean" },
    wanted: { title: "Wanted", type: "boolean" },
    day: { format: "date", title: "Day", type: "string" },
    tags: { default: ["new"], items: { type: "string" }, maxItems: 3, title: "Tags", type: "array" },
    parts: { items: { $ref: "#/$defs/Address" }, minItems: 1, title: "Parts", type: "array" },
    address: { $ref: "#/$defs/Address" },
    other: { anyOf: [{ $ref: "#/$defs/Address" }, { type: "null" }], default: null },
    kind: { const: "order", default: "order", title: "Kind", type: "string" },
    extra: { additionalProperties: true, default: {}, title: "Extra", type: "object" },
    either: { anyOf: [{ type: "integer" }, { type: "string" }], title: "Either" },
  },
  required: ["name", "reason", "count", "colour", "wanted", "day", "parts", "address", "either"],
  title: "Order",
  type: "object",
};

/** `Annotated[Yes | NotNow, Field(discriminator="action")]`. */
export const DECISION = {
  $defs: {
    NotNow: {
      properties: { action: { const: "not_now", default: "not_now", title: "Action", type: "string" } },
      title: "NotNow",
      type: "object",
    },
    Yes: {
      properties: {
        action: { const: "yes", default: "yes", title: "Action", type: "string" },
        how_many: { title: "How Many", type: "integer" },
      },
      required: ["how_many"],
      title: "Yes",
      type: "object",
    },
  },
  discriminator: { mapping: { not_now: "#/$defs/NotNow", yes: "#/$defs/Yes" }, propertyName: "action" },
  oneOf: [{ $ref: "#/$defs/Yes" }, { $ref: "#/$defs/NotNow" }],
};

/** A model with a list of itself. */
export const TREE = {
  $defs: {
    Tree: {
      properties: {
        name: { title: "Name", type: "string" },
        kids: { default: [], items: { $ref: "#/$defs/Tree" }, title: "Kids", type: "array" },
      },
      required: ["name"],
      title: "Tree",
      type: "object",
    },
  },
  $ref: "#/$defs/Tree",
};

function choice(action: string, title: string, description: string, more: object = {}): object {
  const properties = { action: { const: action, title: "Action", type: "string" }, ...more };
  const required = ["action", ...Object.keys(more)];
  return { type: "object", title, description, properties, required, additionalProperties: false };
}

const metric = {
  additionalProperties: false,
  properties: {
    name: { maxLength: 100, minLength: 1, title: "Name", type: "string" },
    cadence: { enum: ["daily", "weekly", "monthly"], title: "Cadence", type: "string" },
  },
  required: ["name", "cadence"],
  title: "Metric",
  type: "object",
};

const vision = {
  maxLength: 500,
  minLength: 20,
  type: "string",
  title: "Vision",
  description: "In 2 to 3 sentences. Wrong now: The vision has 1 sentence.",
  default: "A nurse knows when she will be home.",
};

/** What a Vision Framework asks about a draft that stays invalid (steps/vision_framework/decision.py). */
export const FRAMEWORK = {
  title: "What is to be done",
  discriminator: { propertyName: "action" },
  oneOf: [
    choice("edit", "Edit it by hand", "Write the sections that are wrong yourself.", {
      sections: {
        type: "object",
        title: "Sections",
        properties: {
          vision,
          metrics: {
            items: metric,
            maxItems: 12,
            minItems: 2,
            type: "array",
            title: "Metrics",
            default: [
              { name: "Hospitals", cadence: "monthly" },
              { name: "Product team", cadence: "yearly" },
            ],
          },
        },
        required: ["vision", "metrics"],
        additionalProperties: false,
      },
    }),
    choice("repair", "Have it repaired again", "The model tries once more."),
    choice("give_up", "Give up", "The run ends in error."),
  ],
};
