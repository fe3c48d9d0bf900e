"""A mark from 1 to 10."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema


def _whole(value: object) -> object:
    # Models write 7.5 however clearly they are asked for whole numbers.
    return int(value + 0.5) if isinstance(value, float) and 0 < value < 11 else value


Grade = Annotated[int, Field(ge=1, le=10), BeforeValidator(_whole)]
# What a model is asked for. Its schema names no bounds, because with bounds it would not go out in the strict mode of
# structured output, which is worth more; the bounds are checked when the answer is there.
GivenGrade = Annotated[Grade, WithJsonSchema({"type": "integer", "description": "A whole number from 1 to 10"})]
