"""What all commands share: the options that say whom to ask, and how a command ends."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli._errors import BAD_INPUT, INTERRUPTED, CommandFailed

if TYPE_CHECKING:
    from cli._client import Api
    from cli._terminal import Terminal
    from settings import Settings

Url = Annotated[
    str | None,
    typer.Option(envvar="STEPGLASS_URL", help="Where the API is. Default: this machine, port STEPGLASS_PORT or 8000."),
]
Token = Annotated[str | None, typer.Option(envvar="STEPGLASS_TOKEN", help="Bearer token, where the API wants one.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or [bold]last[/] for the newest.")]
Json = Annotated[
    bool, typer.Option("--json", help="For programs: JSON on the standard output, and nothing else there.")
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        min=0, metavar="USD", help="US dollars after which the run is stopped; the server's own limit holds too."
    ),
]

Author = Annotated[
    str | None,
    typer.Option(
        envvar="STEPGLASS_AUTHOR",
        metavar="NAME",
        help="Who makes the change, for its history. Default: your login; an empty name leaves it out.",
    ),
]


class Kind(StrEnum):
    md = "md"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


class Action(StrEnum):
    more_specific = "more_specific"
    more_concise = "more_concise"
    different_angle = "different_angle"
    add_detail = "add_detail"
    regenerate = "regenerate"


class OnInvalid(StrEnum):
    fail = "fail"
    ask = "ask"


OnInvalidOption = Annotated[
    OnInvalid | None,
    typer.Option(help="When the framework stays invalid after its repairs: end in error, or ask what to do."),
]


def ask(command: "Callable[[Api, Terminal], Awaitable[int | None]]", url: str | None, token: str | None) -> NoReturn:
    """Run a command against the API and end with its exit code."""
    from cli._client import default_url, open_api
    from cli._terminal import complain, open_terminal

    async def go() -> int:
        async with open_api((url or default_url()).rstrip("/"), token) as api:
            return await command(api, open_terminal()) or 0

    try:
        sys.exit(asyncio.run(go()))
    except CommandFailed as failed:
        complain(str(failed))
        sys.exit(failed.code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read us has seen enough, as `head` does. Python would complain when it flushes at exit.
        sys.stderr.close()
        sys.exit(1)


def be(name: str) -> NoReturn:
    """Be one part of the stack, or end where its settings do not let it."""
    from cli._children import run
    from cli._terminal import complain
    from settings import BadSettings

    try:
        sys.exit(run(name, the_settings()))
    except BadSettings as refused:
        complain(str(refused))
        sys.exit(BAD_INPUT)


def the_settings() -> "Settings":
    """The settings, or the end with every bad one named."""
    from pydantic import ValidationError

    from cli._terminal import complain
    from settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        for each in error.errors():
            complain(f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}")
        sys.exit(BAD_INPUT)
