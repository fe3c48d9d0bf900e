"""The command `stepglass`: what it can do, with which options, and how it ends.

Each command imports what it needs when it is called, so that `--help` and the processes of the stack stay quick.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import _batch_command, _control, _server
from cli._ask import Action, Author, Json, Kind, MaxCost, OnInvalidOption, Run, Token, Url, ask

if TYPE_CHECKING:
    from cli._client import Api
    from cli._terminal import Terminal

app = typer.Typer(
    help="Staged model generations that anyone can watch live. Start with `stepglass up`, then `stepglass generate`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


RUNS = "Use it"
_server.add_to(app)


@app.command(rich_help_panel=RUNS)
def generate(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="JSON with the input; - reads it from stdin.")
    ] = None,
    example: Annotated[str | None, typer.Option(help="An input that comes along, such as solar-microgrids.")] = None,
    pipeline: Annotated[str, typer.Option(help="What to make.")] = "vision_framework",
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key and input never start a second run.")
    ] = None,
    max_cost: MaxCost = None,
    on_invalid: OnInvalidOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Save the one-pager (.md) or all of it (.json).")
    ] = None,
    json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Start a run and watch it to its end. Exit code 0, 1 for a failed run, 2 for bad input, 130 for Ctrl-C."""
    from cli.generate import generate as go

    ask(
        lambda api, console: go(
            api,
            console,
            source=file,
            example=example,
            pipeline=pipeline,
            key=idempotency_key,
            max_cost=max_cost,
            on_invalid=on_invalid,
            json=json,
            output=output,
        ),
        url,
        token,
    )


_batch_command.add_to(app, RUNS)


@app.command(rich_help_panel=RUNS)
def watch(
    run: Run,
    after: Annotated[int, typer.Option(min=0, help="Only what comes behind this seq.")] = 0,
    json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Watch a run from its beginning, whenever you come. Exit codes as those of generate."""
    from cli._session import see_through

    async def go(api: "Api", console: "Terminal") -> int:
        code, _ = await see_through(api, await api.named(run), console, json=json, after=after)
        return code

    ask(go, url, token)


@app.command(rich_help_panel=RUNS)
def runs(
    status: Annotated[
        str | None, typer.Option(help="Only those: queued, running, complete, error, cancelled …")
    ] = None,
    pipeline: Annotated[str | None, typer.Option(help="Only those of one pipeline.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
    json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """List the runs, newest first."""
    from cli.runs import list_runs

    ask(
        lambda api, console: list_runs(api, console, status=status, pipeline=pipeline, limit=limit, json=json),
        url,
        token,
    )


@app.command(rich_help_panel=RUNS)
def stats(
    days: Annotated[int, typer.Option(min=1, max=90, help="How many, today included.")] = 7,
    json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show how the last days have been: runs, times of steps, failures, cost."""
    from cli.stats import show_stats

    ask(lambda api, console: show_stats(api, console, days=days, json=json), url, token)


@app.command(rich_help_panel=RUNS)
def show(run: Run, json: Json = False, url: Url = None, token: Token = None) -> None:
    """Show one run: its steps, and what came of it."""
    from cli.runs import show_run

    async def go(api: "Api", console: "Terminal") -> None:
        await show_run(api, console, await api.named(run), json=json)

    ask(go, url, token)


@app.command(rich_help_panel=RUNS)
def export(
    run: Run,
    format: Annotated[
        Kind,
        typer.Option(help="The one-pager, the whole result, or the results of a batch as JSON lines or CSV."),
    ] = Kind.md,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file in place of the standard output.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="Of the framework, in JSON. Default: as it is now, whoever changed it.")
    ] = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Save the result of a run."""
    from cli.runs import export as go

    async def save(api: "Api", console: "Terminal") -> None:
        await go(api, await api.named(run), kind=format, output=output, version=version)

    ask(save, url, token)


_control.add_to(app, RUNS)


@app.command(rich_help_panel=RUNS)
def retry(
    run: Run,
    from_step: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="Do this step again, and all that depends on it.")
    ] = None,
    input: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Another input: steps that are given the same are taken over.")
    ] = None,
    max_cost: MaxCost = None,
    on_invalid: OnInvalidOption = None,
    json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Do a run again, from the step that failed or from any other, and watch it. Exit codes as those of generate."""
    from cli.retry import Wish, retry as go

    async def start(api: "Api", console: "Terminal") -> int:
        run_id = await api.named(run)
        wish = Wish(from_step, input, max_cost, on_invalid)
        return await go(api, console, run_id, wish, json=json)

    ask(start, url, token)


@app.command(rich_help_panel=RUNS)
def refine(
    run: Run,
    section: Annotated[
        str, typer.Argument(help="vision, strategy, operating_principles, near_term_bets, metrics or tensions.")
    ],
    action: Annotated[Action | None, typer.Option(help="How to write it anew.")] = None,
    text: Annotated[str | None, typer.Option(help="The same in your own words, up to 1,000 characters.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Take it over into the run's framework.")] = False,
    author: Author = None,
    json: Json = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Write one section of a finished framework anew, and score it."""
    from cli._author import author as named
    from cli.refine import refine as go

    async def start(api: "Api", console: "Terminal") -> int:
        by, run_id = named(author), await api.named(run)
        return await go(
            api, console, run_id=run_id, section=section, action=action, text=text, json=json, apply=apply, by=by
        )

    ask(start, url, token)


def main() -> None:
    app()
