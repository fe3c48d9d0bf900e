"""What a founder tells us: the input of the Vision Framework."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

ANSWER_LIMIT = 4000
NAME_LIMIT = 200


def _said(value: str, info: ValidationInfo) -> str:
    if not value:
        raise PydanticCustomError("empty_answer", "{field} is empty: please answer it", {"field": info.field_name})
    return value


# The limits count after the blanks at both ends are gone. `minLength` is for the forms that are made of the schema:
# here emptiness is found by `_said`, which names the field.
_FORM = Field(json_schema_extra={"minLength": 1})
Answer = Annotated[str, StringConstraints(strip_whitespace=True, max_length=ANSWER_LIMIT), AfterValidator(_said), _FORM]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NAME_LIMIT), AfterValidator(_said), _FORM]


class VisionBrief(BaseModel):
    """A company and its founder's answers to eight strategic questions, each in free text of up to 4,000 characters."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Vision brief")

    company_id: Name = Field(title="Company id", description="How your own systems call the company.")
    company_name: Name = Field(title="Company name", description="As it should read in the documents.")
    vision_audience_timing: Answer = Field(
        title="What, for whom, and why now",
        description="What are you building, who is it for, and what makes this the right moment?",
    )
    hard_decisions: Answer = Field(
        title="Hard decisions", description="Which hard choices have you made, and which are still ahead of you?"
    )
    success_definition: Answer = Field(
        title="Definition of success",
        description="What does success mean for you, in money and in culture? Numbers and dates help.",
    )
    core_principles: Answer = Field(
        title="Core principles", description="What is not negotiable, even when it costs you?"
    )
    required_capabilities: Answer = Field(
        title="Required capabilities",
        description="What must the company become able to do that it cannot do today? Say who and by when if you know.",
    )
    current_state: Answer = Field(
        title="Current state", description="Where do you stand today: product, customers, team, runway?"
    )
    vision_purpose: Answer = Field(title="Purpose", description="Why does the company exist?")
    vision_endstate: Answer = Field(title="End state", description="What does the world look like when you have won?")


QUESTIONS: dict[str, str] = {
    name: field.description or name
    for name, field in VisionBrief.model_fields.items()
    if name not in ("company_id", "company_name")
}
"""The eight fields that are answers, in order, each with the question that a person is asked."""
