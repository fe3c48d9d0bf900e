"""The framework: its six sections, their bounds, and the draft of it that a model writes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    RootModel,
    StringConstraints,
    TypeAdapter,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypeIs

from steps.vision_framework._sentences import check_sentences

SectionName = Literal["vision", "strategy", "operating_principles", "near_term_bets", "metrics", "tensions"]
SECTION_NAMES: tuple[SectionName, ...] = get_args(SectionName)
Horizon = Literal["Q1", "Q2", "Q3", "Q4", "H1", "H2", "6mo", "12mo"]
Cadence = Literal["daily", "weekly", "monthly", "quarterly", "milestone"]


def is_section(name: str) -> TypeIs[SectionName]:
    return name in SECTION_NAMES


def _text(least: int, most: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bet(_Part):
    """Something the company stakes time or money on soon, who answers for it, until when, and how it shows."""

    bet: Annotated[str, _text(10, 300)]
    owner: Annotated[str, _text(1, 100)]
    horizon: Horizon
    measure: Annotated[str, _text(5, 200)]


class Metric(_Part):
    """A number that is watched, what it should become, and how often it is looked at."""

    name: Annotated[str, _text(1, 100)]
    target: Annotated[str, _text(1, 100)]
    cadence: Cadence


Vision = Annotated[str, _text(20, 500), AfterValidator(check_sentences)]
Strategy = Annotated[list[Annotated[str, _text(10, 300)]], Field(min_length=2, max_length=5)]
Principles = Annotated[list[Annotated[str, _text(10, 200)]], Field(min_length=3, max_length=7)]
Bets = Annotated[list[Bet], Field(min_length=2, max_length=8)]
Metrics = Annotated[list[Metric], Field(min_length=3, max_length=12)]
Tensions = Annotated[list[Annotated[str, _text(10, 300)]], Field(min_length=0, max_length=10)]


class Framework(_Part):
    """A framework within all its bounds. `company_id` and `updated_at` are set by us, never by a model."""

    vision: Vision = Field(description="What the company brings about, in 2 to 3 sentences.")
    strategy: Strategy = Field(description="The choices that it wins by.")
    operating_principles: Principles = Field(description="The rules that it decides by when nobody is watching.")
    near_term_bets: Bets = Field(description="What it stakes time and money on within a year.")
    metrics: Metrics = Field(description="The numbers that tell whether it works.")
    tensions: Tensions = Field(description="Real contradictions in the founder's own answers.")
    company_id: str
    updated_at: AwareDatetime

    def section(self, name: SectionName) -> JsonValue:
        """One section as JSON."""
        return self.model_dump(mode="json", include={name})[name]

    def replaced(self, name: SectionName, value: JsonValue) -> "Framework":
        """The same framework with one new section, as of now. Raises `ValidationError` when it breaks its bounds."""
        whole = self.model_dump(mode="json") | {name: value, "updated_at": datetime.now(UTC)}
        return Framework.model_validate(whole)


SECTIONS: Mapping[str, TypeAdapter[Any]] = {
    "vision": TypeAdapter(Vision),
    "strategy": TypeAdapter(Strategy),
    "operating_principles": TypeAdapter(Principles),
    "near_term_bets": TypeAdapter(Bets),
    "metrics": TypeAdapter(Metrics),
    "tensions": TypeAdapter(Tensions),
}
"""Each section's type with its bounds, for checking it alone."""


class DraftBet(_Part):
    bet: str
    owner: str
    horizon: str = Field(description="One of " + ", ".join(get_args(Horizon)))
    measure: str


class DraftMetric(_Part):
    name: str
    target: str
    cadence: str = Field(description="One of " + ", ".join(get_args(Cadence)))


class _Shape(_Part):
    model_config = ConfigDict(extra="forbid", title="Framework draft")

    vision: str
    strategy: list[str]
    operating_principles: list[str]
    near_term_bets: list[DraftBet]
    metrics: list[DraftMetric]
    tensions: list[str]


class FrameworkDraft(RootModel[dict[str, JsonValue]]):
    """What the model writes: asked for in the framework's shape without its bounds, and taken whatever is in it.

    Even a section of the wrong type, or none, gets in: it is for `validation` to say all that is wrong with a draft,
    each with its place, and to have that repaired, rather than to throw the whole of it away.
    """

    model_config = ConfigDict(frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(_Shape.__pydantic_core_schema__)


class FrameworkRepair(FrameworkDraft):
    """Some sections of a draft, written anew. `repair_of` says which are asked for."""


def repair_of(sections: frozenset[SectionName]) -> type[FrameworkRepair]:
    """A repair whose schema asks for these sections and no others."""

    class Asked(FrameworkRepair):
        @classmethod
        def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
            schema = handler.resolve_ref_schema(handler(_Shape.__pydantic_core_schema__))
            wanted = [name for name in SECTION_NAMES if name in sections]
            return schema | {"properties": {name: schema["properties"][name] for name in wanted}, "required": wanted}

    Asked.__name__ = FrameworkRepair.__name__
    return Asked


def framework_schema() -> dict[str, Any]:
    """The JSON Schema of a framework, draft 2020-12."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Framework.model_json_schema()}
