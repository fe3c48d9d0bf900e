"""What a step's result follows from: told with the result, so that another run knows whether it would get the same."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import PydanticSerializationError

from events.contract import MadeOf
from steps._checkpoint import input_hash
from steps._growing import whole
from steps._prompt import digest_of

if TYPE_CHECKING:
    from steps._step import Step


class Basis:
    """The digests of one step."""

    def __init__(self, step: "Step[..., Any]") -> None:
        self._step = step
        self._signature = signature(step.fn)

    @cached_property
    def output(self) -> str:
        """Of the form of the result: its JSON Schema, or its name where there is no schema for it."""
        adapter: TypeAdapter[Any] = self._step.output
        try:
            told = json.dumps(adapter.json_schema(), sort_keys=True)
        except PydanticInvalidForJsonSchema:
            told = repr(adapter)
        return hashlib.sha256(told.encode()).hexdigest()

    def inputs(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
        """Of the arguments, by their names, however they are passed. None where JSON cannot say what they are."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        try:
            return input_hash({name: whole(each) for name, each in bound.arguments.items()})
        except PydanticSerializationError:
            return None

    def made_of(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], prompts: Mapping[str, str], models: str | None
    ) -> MadeOf | None:
        inputs = self.inputs(args, kwargs)
        if inputs is None:
            return None
        return MadeOf(inputs=inputs, output=self.output, prompts=dict(prompts), models=models)

    def holds(self, made: MadeOf | None, models: str | None) -> bool:
        """Is all but the arguments as it was when the result was made? Models are not compared where `models` is None:
        in a process that is told of none."""
        if made is None or made.output != self.output:
            return False
        if models is not None and made.models != models:
            return False
        return all(digest_of(name) == digest for name, digest in made.prompts.items())
