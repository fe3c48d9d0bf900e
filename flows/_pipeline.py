"""A pipeline: plain Python that says in which order steps run, and a plan that tells viewers what to expect.

    @pipeline("Vision Framework", plan={brief: (), framework: (), validation: (framework,), …})
    async def vision_framework(answers: VisionBrief) -> VisionResult: ...

Nothing here knows Prefect: the API lists pipelines, and must not pay for an engine.
"""

import inspect
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_type_hints
from unicodedata import category

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from events.contract import TITLE_LIMIT, Expected, PlannedStep
from flows._document import Document
from steps._step import Step

log = logging.getLogger("stepglass.pipelines")

Plan = Mapping[Step[..., Any], Sequence[Step[..., Any]]]


class UnfitInput(Exception):
    """What a run was started with is not what its pipeline takes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What operators see of a finished run in Prefect: one line, texts in Markdown and tables, by artifact key.

    Keys are of lower-case letters, digits and dashes, as Prefect demands.
    """

    headline: str = ""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    tables: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])


@dataclass(frozen=True, slots=True)
class Example:
    """A complete sample input, for people who want to see it work before they write their own."""

    name: str
    input: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Pipeline:
    """`name` is its name on the wire, `label` for people; `input_model` and `output` are its types;
    `document` is what of its result people go on working on, where there is such a thing. One that stands `aside` only
    waits for runs that it begins: it takes no place of a worker's."""

    name: str
    label: str
    fn: Callable[[Any], Coroutine[Any, Any, Any]]
    steps: Plan
    input_model: type[BaseModel]
    output: TypeAdapter[Any]
    examples: Sequence[Example]
    shown: Callable[[Any], Shown]
    title: Callable[[Any], str | None]
    document: Document | None = None
    aside: bool = False

    @property
    def slug(self) -> str:
        return self.name.replace("_", "-")

    @property
    def description(self) -> str:
        return inspect.getdoc(self.fn) or self.label

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the input."""
        return self.input_model.model_json_schema()

    @property
    def plan(self) -> list[PlannedStep]:
        """The steps in the order in which people read them, with the durations that they declare."""
        return self.planned({})

    def planned(self, history: Mapping[str, Expected]) -> list[PlannedStep]:
        """The plan with durations from the history, where there is one."""
        return [
            PlannedStep(
                step=step.id,
                label=step.label,
                after=[other.id for other in before],
                expected_ms=history.get(step.id, step.expected),
            )
            for step, before in self.steps.items()
        ]

    def titled(self, given: BaseModel) -> str | None:
        """What a run on this input is called among others, on one line; None where the pipeline has no name for it."""
        said = self.title(given) or ""
        line = " ".join("".join(" " if category(letter) == "Cc" else letter for letter in said).split())
        return (line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…") or None

    def headline(self, result: JsonValue) -> str:
        """A finished run in one line; empty where another version made the result."""
        try:
            return self.shown(self.output.validate_python(result)).headline
        except Exception as error:  # a pipeline's own code, which may stumble over what an earlier version has made
            log.warning("%s: no headline for a finished run: %s", self.name, type(error).__name__)
            return ""

    async def __call__(self, plain: JsonValue) -> JsonValue:
        """Run it on JSON that was validated when the run was accepted; gives the result as JSON.

        Raises `UnfitInput` where another version accepted it.
        """
        try:
            given = self.input_model.model_validate(plain)
        except ValidationError as error:
            raise UnfitInput(f"Not of the form that {self.label} takes in this version.") from error
        result = await self.fn(given)
        return self.output.dump_python(result, mode="json")


def pipeline(
    label: str,
    *,
    plan: Plan,
    examples: Sequence[Example] = (),
    shown: Callable[[Any], Shown] = lambda result: Shown(),
    title: Callable[[Any], str | None] = lambda given: None,
    document: Document | None = None,
    aside: bool = False,
) -> Callable[[Callable[[Any], Coroutine[Any, Any, Any]]], Pipeline]:
    """Make a pipeline of an async function of one pydantic model. Its name is the function's."""

    def decorate(fn: Callable[[Any], Coroutine[Any, Any, Any]]) -> Pipeline:
        hints = get_type_hints(fn)
        given = hints[next(iter(inspect.signature(fn).parameters))]
        output = TypeAdapter[Any](hints["return"])
        return Pipeline(fn.__name__, label, fn, plan, given, output, tuple(examples), shown, title, document, aside)

    return decorate
