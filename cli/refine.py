"""`stepglass refine`: one section of a finished framework written anew, and seen through like any run."""

from typing import Any, cast
from uuid import UUID

from rich.console import Console

from cli._client import Api
from cli._errors import BadInput
from cli._session import see_through

PIPELINE = "refine"


async def refine(
    api: Api,
    console: Console,
    *,
    run_id: UUID,
    section: str,
    action: str | None,
    text: str | None,
    json: bool = False,
) -> int:
    """Start the refinement of `section` of a complete run; gives the exit code."""
    if (action is None) == (text is None):
        raise BadInput("Say how: with --action, or in your own words with --text. One of the two.")
    view = await api.view(run_id)
    framework, score = framework_in(view.result, section)
    document: dict[str, Any] = {"section": section, "framework": framework, "score": score}
    document["answers"] = answers_in(view.input)
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


def answers_in(given: Any) -> Any:
    """The founder's answers, in the input of either pipeline."""
    match given:
        case {"answers": answers}:
            return answers
        case _:
            return given
