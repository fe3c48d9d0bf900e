"""Where in a run the code that is running stands: run, attempt, lane, round.

Ambient and not parameters: what a step is given is its data, and nothing else.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steps._attempt import Attempt
    from steps._run import Run

_run: ContextVar["Run"] = ContextVar("stepglass_run")
_attempt: ContextVar["Attempt"] = ContextVar("stepglass_attempt")
_lane: ContextVar[str | None] = ContextVar("stepglass_lane", default=None)
_round: ContextVar[int | None] = ContextVar("stepglass_round", default=None)


def current_run() -> "Run":
    """The run that is being carried. Raises `RuntimeError` outside of one."""
    try:
        return _run.get()
    except LookupError:
        raise RuntimeError("No run: a step is called inside a pipeline, which `flows` carries.") from None


def current_attempt() -> "Attempt":
    """The attempt whose function is running. Raises `RuntimeError` outside of a step."""
    try:
        return _attempt.get()
    except LookupError:
        raise RuntimeError("No step: a model is asked from inside a step.") from None


def inside_a_step() -> bool:
    return _attempt.get(None) is not None


def used_prompt(name: str, digest: str) -> None:
    """Let the attempt, if this is inside of one, remember a prompt that its result depends on."""
    if (attempt := _attempt.get(None)) is not None:
        attempt.prompts[name] = digest


def current_lane() -> str | None:
    return _lane.get()


def current_round() -> int | None:
    return _round.get()


@contextmanager
def entered(run: "Run") -> Generator[None]:
    """Inside, `current_run()` is this run."""
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


@contextmanager
def attempting(attempt: "Attempt") -> Generator[None]:
    """Inside, what is written belongs to this attempt."""
    token = _attempt.set(attempt)
    try:
        yield
    finally:
        _attempt.reset(token)


@contextmanager
def lane(name: str) -> Generator[None]:
    """Inside, what is said belongs to one of several things running side by side: an agent, a section, a member."""
    token = _lane.set(name)
    try:
        yield
    finally:
        _lane.reset(token)


@contextmanager
def turn(number: int) -> Generator[None]:
    """Inside, what is said belongs to one turn of a loop or a debate, counted from 1."""
    token = _round.set(number)
    try:
        yield
    finally:
        _round.reset(token)
