"""A framework that holds, to break in tests."""

from typing import Any

from jsonschema import Draft202012Validator

from steps.vision_framework.answers import QUESTIONS, VisionBrief
from steps.vision_framework.document import Framework

Json = dict[str, Any]

ANSWERS = VisionBrief.model_validate(
    {"company_id": "c-1", "company_name": "Testhaven", **{field: f"We answer {field}." for field in QUESTIONS}}
)


def sections() -> Json:
    """Fresh, so that a test may change it."""
    return {
        "vision": "Every town has power of its own. Nobody waits for a grid.",
        "strategy": ["Serve mills before houses.", "Own every site ourselves."],
        "operating_principles": ["Safety stops any work.", "Say the price first.", "Repair, then replace."],
        "near_term_bets": [
            {"bet": "Build ten sites in one valley", "owner": "Operations", "horizon": "Q2", "measure": "10 sites"},
            {"bet": "Ship a meter that reads itself", "owner": "Hardware", "horizon": "H2", "measure": "500 meters"},
        ],
        "metrics": [
            {"name": "Sites live", "target": "10 by June", "cadence": "monthly"},
            {"name": "Uptime", "target": "99.5 %", "cadence": "weekly"},
            {"name": "Churn", "target": "under 2 %", "cadence": "quarterly"},
        ],
        "tensions": ["Fast growth against careful repair."],
    }


def whole(**changed: Any) -> Json:
    return sections() | {"company_id": "c-1", "updated_at": "2020-01-01T00:00:00Z"} | changed


def framework() -> Framework:
    return Framework.model_validate(whole())


def marks(**changed: Any) -> Json:
    given = {"specificity": 8, "actionability": 7, "alignment": 9}
    return given | {"issues": [], "suggestions": ["Name the owner."], "strengths": ["It is short."]} | changed


def schema_errors(schema: Json, value: Any) -> list[str]:
    """What JSON Schema has against a value."""
    errors: Any = Draft202012Validator(schema).iter_errors(value)  # pyright: ignore[reportUnknownMemberType]  # untyped
    return [error.message for error in errors]


def page(per_part: int = 55) -> str:
    """A one-pager of six parts with so many words under each heading."""
    from steps.vision_framework.one_pager import HEADINGS

    return "\n\n".join(["# Testhaven", *(f"## {heading}\n\n" + " ".join(["word"] * per_part) for heading in HEADINGS)])
