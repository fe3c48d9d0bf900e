"""The commands that change how a run goes on, for `cli.main`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli._ask import Run, Token, Url, ask

if TYPE_CHECKING:
    from cli._client import Api
    from cli._terminal import Terminal


def add_to(app: typer.Typer, panel: str) -> None:
    for command in (cancel, pause, unpause, answer):
        app.command(rich_help_panel=panel)(command)


def cancel(run: Run, url: Url = None, token: Token = None) -> None:
    """Stop a run."""
    from cli.runs import cancel_run

    async def go(api: "Api", console: "Terminal") -> None:
        await cancel_run(api, await api.named(run))

    ask(go, url, token)


def pause(run: Run, url: Url = None, token: Token = None) -> None:
    """Let a run rest: its next steps wait, whatever they are."""
    from cli.runs import pause_run

    async def go(api: "Api", console: "Terminal") -> None:
        await pause_run(api, await api.named(run))

    ask(go, url, token)


def unpause(run: Run, url: Url = None, token: Token = None) -> None:
    """Let a paused run go on."""
    from cli.runs import unpause_run

    async def go(api: "Api", console: "Terminal") -> None:
        await unpause_run(api, await api.named(run))

    ask(go, url, token)


def answer(
    run: Run,
    question: Annotated[
        str | None, typer.Argument(metavar="[INPUT]", help="Which question, where it asks more than one.")
    ] = None,
    value: Annotated[
        str | None, typer.Option(metavar="JSON|-", help="The answer; - reads it from stdin. Default: ask me.")
    ] = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Answer what a run asks, here or in your editor."""
    from cli.answer import answer as say

    async def go(api: "Api", console: "Terminal") -> int:
        return await say(api, console, run_id=await api.named(run), input_id=question, value=value)

    ask(go, url, token)
