"""A list of texts that a model writes, as long as it likes."""

from typing import Annotated

from pydantic import FailFast

# One error is told of an answer. Without this a list of the wrong type has an error for each of its items.
Texts = Annotated[list[str], FailFast()]
