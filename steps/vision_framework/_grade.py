"""A mark from 1 to 10."""

from typing import Annotated

from pydantic import BeforeValidator, Field


def _whole(value: object) -> object:
    # Models write 7.5 however clearly they are asked for whole numbers.
    return int(value + 0.5) if isinstance(value, float) and 0 < value < 11 else value


Grade = Annotated[int, Field(ge=1, le=10), BeforeValidator(_whole)]
