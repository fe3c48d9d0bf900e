"""An answer to any schema."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from llm.demo.schema import instance
from steps.vision_framework.document import FrameworkDraft, framework_schema
from steps.vision_framework.qa import QualityReport
from steps.vision_framework.scoring import ScoreCard
from tests.steps.vision_framework.documents import schema_errors

PHRASES = ["Bread rises.", "Yeast makes gas."]
SCHEMAS: dict[str, dict[str, Any]] = {
    "bounds of numbers": {"type": "integer", "exclusiveMinimum": 3, "maximum": 5},
    "steps of numbers": {"type": "number", "multipleOf": 5, "minimum": 1, "maximum": 12},
    "long texts": {"type": "string", "minLength": 90, "maxLength": 95},
    "short texts": {"type": "string", "maxLength": 3},
    "enums and constants": {"type": "object", "properties": {"a": {"enum": ["x", "y"]}, "b": {"const": 7}}},
    "many items": {"type": "array", "items": {"type": "boolean"}, "minItems": 5},
    "few items": {"type": "array", "items": {"type": "string"}, "maxItems": 1},
    "tuples": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2},
    "nullable": {"anyOf": [{"type": "null"}, {"type": "string"}]},
    "two types": {"type": ["null", "integer"]},
    "all of": {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "integer"}}}]},
    "recursion": {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                },
                "required": ["name", "next"],
            }
        },
    },
    "a framework": framework_schema(),
    "a draft": FrameworkDraft.model_json_schema(),
    "a report": QualityReport.model_json_schema(),
    "a card": ScoreCard.model_json_schema(),
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=list(SCHEMAS))
def test_an_unknown_schema_gets_a_valid_instance(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema_errors(schema, instance(schema, PHRASES)) == []


def test_texts_come_from_the_prompt() -> None:
    schema = {"type": "array", "items": {"type": "string"}, "minItems": 2}
    assert instance(schema, PHRASES) == PHRASES
