"""The command `batch`, for `cli.main`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli._ask import Json, Token, Url, ask

if TYPE_CHECKING:
    from cli._client import Api
    from cli._terminal import Terminal


def add_to(app: typer.Typer, panel: str) -> None:
    app.command(rich_help_panel=panel)(batch)


def batch(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|-]",
            help='A line of JSON for each input: the input, or {"key": …, "input": …}. - reads them from stdin.',
        ),
    ] = None,
    retry: Annotated[
        str | None, typer.Option(metavar="BATCH", help="Do again what failed in a batch that has ended (or last).")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="What is complete under a name is not done again. Default: the file's, without .jsonl."),
    ] = None,
    pipeline: Annotated[str | None, typer.Option(help="What to make of each. Default: vision_framework.")] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=100, help="How many go on at once. Default: 10.")
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="USD", help="What each run may cost, in US dollars; the server's own limit holds too."
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key and lines never start a second batch.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Save the results: a line of JSON for each item, or CSV as in NAME.csv.",
        ),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Start it, and do not wait for it.")] = False,
    json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Start many runs and watch them to their end. Exit code 0, 1 when an item failed, 2 for bad input, 130 for Ctrl-C.

    Started again, it skips what is complete.
    """
    from cli.batch import Wish, batch as go

    async def start(api: "Api", console: "Terminal") -> int:
        again = None if retry is None else await api.named(retry, pipeline="batch")
        wish = Wish(file, again, name, pipeline, concurrency, max_cost, idempotency_key)
        return await go(api, console, wish, output=output, detach=detach, json=json)

    ask(start, url, token)
