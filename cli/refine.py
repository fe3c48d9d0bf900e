"""`stepglass refine`: one section of a finished framework written anew, and seen through like any run."""

from typing import Any, cast
from uuid import UUID

from cli._client import Api
from cli._errors import BadInput, NoResult
from cli._session import see_through
from cli._terminal import Terminal

PIPELINE = "refine"


async def refine(
    api: Api,
    console: Terminal,
    *,
    run_id: UUID,
    section: str,
    action: str | None,
    text: str | None,
    json: bool = False,
    apply: bool = False,
    by: str | None = None,
) -> int:
    """Start the refinement of `section` of a complete run, see it through and take it over, in the name of `by`;
    gives the exit code."""
    if (action is None) == (text is None):
        raise BadInput("Say how: with --action, or in your own words with --text. One of the two.")
    said = {"section": section, "action": action, "instruction": text}
    wish = {name: value for name, value in said.items() if value is not None}
    try:
        refining = await api.refine(run_id, wish)
    except NoResult:
        if apply:
            raise
        refining = await start(api, run_id, wish)
    code, _ = await see_through(api, refining, console, json=json)
    if apply and code == 0:
        version = await api.apply(run_id, refining, by)
        if not json:
            console.print(f"Taken over: version {version} of the framework.")
    return code


async def start(api: Api, run_id: UUID, wish: dict[str, str]) -> UUID:
    """Of a run that has a framework, but none that is worked on: another refinement, above all."""
    view = await api.view(run_id)
    framework, score = framework_in(view.result, wish["section"])
    given: dict[str, Any] = {**wish, "framework": framework, "answers": answers_in(view.input)}
    return await api.start(PIPELINE, given if score is None else {**given, "score": score})


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
    """The founder's answers, in the input of either pipeline, which may have an option of the run beside them."""
    match given:
        case {"answers": answers}:
            return answers
        case {"on_invalid": _, **answers}:
            return answers
        case _:
            return given
