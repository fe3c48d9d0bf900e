"""The commands that start it and look after it, for `cli.main`."""

import sys
from typing import Annotated

import typer

from cli._ask import be, the_settings

PANEL = "Start it"


def add_to(app: typer.Typer) -> None:
    for command in (up, api, worker, token, vacuum):
        app.command(rich_help_panel=PANEL)(command)


def up(
    reload: Annotated[
        bool, typer.Option(help="Start our parts again when their code changes, and show changes of the page at once.")
    ] = False,
) -> None:
    """Start everything in this terminal: database, Prefect, worker, API, and a demo model unless a real one is set."""
    from cli.up import up as start

    sys.exit(start(the_settings(), reload=reload))


def api() -> None:
    """Only the API. Needs DATABASE_URL."""
    be("api")


def worker() -> None:
    """Only a worker. Needs DATABASE_URL, and a model: OPENAI_API_KEY or OPENAI_BASE_URL."""
    be("worker")


def token(
    tenant: Annotated[str, typer.Argument(help="Whom it is for: the tenant that it names.")] = "default",
) -> None:
    """Make a token. The first line is for the client; the second, with its hash, for STEPGLASS_API_TOKENS."""
    import bearer
    from cli._terminal import say

    if not bearer.is_tenant(tenant):
        raise typer.BadParameter("expected a name without commas and colons", param_hint="TENANT")
    made = bearer.new_token()
    say(f"{made}\n{tenant}:{bearer.hash_of(made)}")


def vacuum(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Pack the logs of runs that have ended, and remove runs that are too old. A worker does so every hour."""
    from cli.vacuum import vacuum as go

    sys.exit(go(the_settings(), dry_run=dry_run))
