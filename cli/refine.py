"""`stepglass refine`: one section of a finished framework written anew, and seen through like any run."""

from pathlib import Path
from typing import Any, cast
from uuid import UUID

from rich.console import Console

from cli._client import Api
from cli._errors import BadInput
from cli._session import see_through
from cli.generate import parsed, read

PIPELINE = "refine"


async def refine(
    api: Api,
    console: Console,
    *,
    run_id: UUID,
    section: str,
    action: str | None,
    text: str | None,
    answers: Path | None = None,
    json: bool = False,
) -> int:
    """Start the refinement of `section` of a complete run; gives the exit code."""
    if (action is None) == (text is None):
        raise BadInput("Say how: with --action, or in your own words with --text. One of the two.")
    view = await api.view(run_id)
    framework, score = framework_in(view.result, section)
    given = parsed(read(str(answers)), str(answers)) if answers else view.input
    if given is None:
        raise BadInput("The API does not tell the founder's answers of that run. Name the file with --answers.")
    document: dict[str, Any] = {"section": section, "framework": framework, "answers": given, "score": score}
    document |= {"action": action, "instruction": text}
    wanted = {name: value for name, value in document.items() if value is not None}
    code, _ = await see_through(api, await api.start(PIPELINE, wanted), console, json=json)
    return code


def framework_in(result: Any, section: str) -> tuple[Any, Any]:
    """The framework that a run ended with, and the section's card: of a Vision Framework or a refinement."""
    match result:
        case {"framework": framework, "scores": scores}:
            return framework, cast("dict[str, Any]", scores).get(section)
        case {"framework": framework, "section": refined, "score_after": card}:
            return framework, card if refined == section else None
        case _:
            raise BadInput("That run did not end with a framework: only a complete one can be refined.")
