"""What each command asks of the API, what it shows, and how it ends."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest

from cli._author import author
from cli._client import Api, open_api
from cli._errors import BadInput, CommandFailed, NoResult, NotReachable
from cli._ports import any_free
from cli._session import see_through
from cli.generate import generate, parsed, the_input
from cli.refine import answers_in, refine
from cli.runs import cancel_run, export, list_runs, pause_run, show_run, unpause_run
from events.contract import Complete, CompleteData
from events.runs import DEFAULT_TENANT
from events.store import Store
from steps.vision_framework.examples import EXAMPLES
from tests.api.conftest import running, settings_with
from tests.api.editing import NEW_VISION, RESULT as WHOLE, made, see_through as refined_by_a_worker
from tests.api.writing import accept, hold, rest_of, started_with, told
from tests.cli.conftest import Paper, new_paper
from tests.histories import Story, cancelled_story, failed_story, rich_story, simple_story
from tests.vision import FRAMEWORK, MARKS, ONE_PAGER, QA

CARD = {**MARKS, "overall": 8.25, "badge": "excellent"}
RESULT: dict[str, Any] = {
    "one_pager": {"markdown": ONE_PAGER},
    "framework": FRAMEWORK,
    "qa": QA,
    "scores": {"vision": CARD, "metrics": {**CARD, "measurability": 3, "overall": 4.5, "badge": "needs_work"}},
}


def finished(result: Any = RESULT) -> Story:
    story = (
        Story().queued().started().start("qa").spends("qa", model="stepglass-demo-light").completes("qa", progress=90)
    )
    return story.done(result)


async def start(api: Api, paper: Paper, **more: Any) -> int:
    options: dict[str, Any] = {"source": None, "example": None, "pipeline": "vision_framework", **more}
    return await generate(api, paper.console, **options)


async def carry(store: Store, key: str, story: Story) -> UUID:
    """A worker for the run that somebody is about to start with this key."""
    run_id = await started_with(store, key)
    await (await hold(store, run_id)).write(rest_of(story))
    return run_id


async def test_generate_starts_an_example_and_shows_what_came_of_it(api: Api, store: Store, paper: Paper) -> None:
    async with asyncio.TaskGroup() as group:
        run = group.create_task(carry(store, "k", finished()))
        code = await start(api, paper, example="solar-microgrids", key="k")
    assert code == 0
    given = await store.runs.input(run.result(), DEFAULT_TENANT)
    assert given == EXAMPLES["solar-microgrids"].model_dump(mode="json")
    lines = paper.text.splitlines()
    assert lines[0].endswith(f"run {run.result()}")
    assert [line[10:] for line in lines[1:4]] == [
        "started: 6 steps",
        "Run QA checks: started",
        "Run QA checks: done in 0.0 s, $0.0100",
    ]
    assert ONE_PAGER in paper.text
    assert "needs attention" in paper.text and "QA 8 of 10" in paper.text
    assert "a demo, not a real model" in lines[-1]


@pytest.mark.parametrize(
    ("name", "kept"), [("page.md", ONE_PAGER.rstrip("\n") + "\n"), ("all.json", json.dumps(RESULT, indent=2) + "\n")]
)
async def test_generate_saves_the_one_pager_or_all_of_it(
    api: Api, store: Store, paper: Paper, tmp_path: Path, name: str, kept: str
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(carry(store, "k", finished()))
        assert await start(api, paper, example="solar-microgrids", key="k", output=tmp_path / name) == 0
    assert await anyio.Path(tmp_path / name).read_text() == kept


async def test_the_same_key_and_input_watch_the_same_run(api: Api, store: Store, paper: Paper) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(carry(store, "k", finished()))
        assert await start(api, paper, example="solar-microgrids", key="k") == 0
    assert await start(api, paper, example="solar-microgrids", key="k") == 0
    assert len((await api.runs()).runs) == 1


async def test_a_run_may_be_given_a_budget(api: Api, store: Store, paper: Paper) -> None:
    async with asyncio.TaskGroup() as group:
        run = group.create_task(carry(store, "k", finished()))
        await start(api, paper, example="solar-microgrids", key="k", max_cost=0.75)
    assert (await api.view(run.result())).max_cost_usd == 0.75


async def test_a_failed_run_is_a_failure_and_says_where_and_why(api: Api, store: Store, paper: Paper) -> None:
    run_id = await told(store, failed_story())
    code, _ = await see_through(api, run_id, paper.console, json=False)
    assert code == 1
    assert "Generate framework: trying again in 0.5 s. The model's answer broke off" in paper.text
    assert "Generate framework: The model's answer broke off" in paper.text
    assert "It ended in mid-sentence." in paper.text


async def test_a_run_that_somebody_else_cancelled_is_no_success(api: Api, store: Store, paper: Paper) -> None:
    code, _ = await see_through(api, await told(store, cancelled_story()), paper.console, json=False)
    assert code == 1
    assert "asked to stop" in paper.text and "Cancelled." in paper.text


async def test_json_gives_the_events_and_nothing_else(
    api: Api, store: Store, paper: Paper, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    run_id = await told(store, rich_story())
    code, _ = await see_through(api, run_id, paper.console, json=True, after=2)
    said = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert (code, paper.text) == (0, "")
    assert [event["seq"] for event in said] == list(range(3, len(rich_story().events) + 1))


async def test_a_run_that_has_ended_is_shown_also_from_behind_its_end(api: Api, store: Store, paper: Paper) -> None:
    run_id = await told(store, finished())
    code, watched = await see_through(api, run_id, paper.console, json=False, after=len(finished().events))
    assert code == 0 and watched is not None and watched.result == RESULT


async def test_the_api_may_restart_while_a_run_is_watched(store: Store, paper: Paper) -> None:
    port = any_free()
    run_id = await accept(store)
    writer = await hold(store, run_id)
    story = rest_of(finished())
    async with open_api(f"http://127.0.0.1:{port}") as api:
        async with running(settings_with(), store, port=port):
            watching = asyncio.create_task(see_through(api, run_id, paper.console, json=False))
            await writer.write(story[:2])
            while "Run QA checks: started" not in paper.text:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await writer.write(story[2:-1])
        async with running(settings_with(), store, port=port):
            await writer.write(story[-1:])
            assert (await watching)[0] == 0
    assert paper.text.count("Run QA checks: started") == 1
    assert "trying again" in paper.text


BAD: list[tuple[str, str]] = [
    ("{", "is not JSON"),
    ("[1]", "holds no JSON object but a list"),
]


@pytest.mark.parametrize(("text", "why"), BAD)
def test_input_that_cannot_be_read_is_refused_here(text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        parsed(text, "brief.json")


async def test_input_is_given_in_exactly_one_way(api: Api) -> None:
    for source, example in ((None, None), ("a.json", "solar-microgrids")):
        with pytest.raises(BadInput, match="Give a file"):
            await the_input(api, "vision_framework", source, example)
    with pytest.raises(BadInput, match="no example 'x'; there is .*solar-microgrids"):
        await the_input(api, "vision_framework", None, "x")
    with pytest.raises(BadInput, match="no pipeline 'x'; there is .*vision_framework"):
        await the_input(api, "x", None, "solar-microgrids")


async def test_every_field_that_is_not_valid_is_named(api: Api) -> None:
    brief: dict[str, Any] = EXAMPLES["solar-microgrids"].model_dump(mode="json") | {"vision_purpose": " ", "extra": 1}
    with pytest.raises(BadInput) as caught:
        await api.start("vision_framework", brief)
    text = str(caught.value)
    assert caught.value.code == 2
    assert "\n  vision_purpose: " in text and "\n  extra: " in text


async def test_an_api_that_is_not_there_is_said_with_what_to_start() -> None:
    async with open_api(f"http://127.0.0.1:{any_free()}") as api:
        with pytest.raises(NotReachable, match="Start it with `make run`"):
            await api.runs()
        with pytest.raises(NotReachable):
            await api.start("vision_framework", {})


async def test_something_else_at_the_url_is_said_to_be_something_else() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        async with open_api(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as api:
            with pytest.raises(CommandFailed, match="Not an answer of Stepglass: status 404"):
                await api.runs()


async def test_a_token_is_sent_and_a_missing_one_is_named(store: Store) -> None:
    settings = settings_with(api_tokens="acme:the-token-of-acme")
    async with running(settings, store) as server:
        async with open_api(server.url, "the-token-of-acme") as api:
            assert (await api.runs()).runs == []
        async with open_api(server.url) as api:
            with pytest.raises(CommandFailed, match="A valid token is needed"):
                await api.runs()


async def test_runs_are_listed_newest_first_with_whole_ids(api: Api, store: Store, paper: Paper) -> None:
    ids = [await told(store, story) for story in (simple_story(), failed_story())]
    await list_runs(api, paper.console, status=None, pipeline=None, limit=20, json=False)
    lines = paper.text.splitlines()[1:]
    assert [line.split()[:3:2] for line in lines] == [[str(ids[1]), "error"], [str(ids[0]), "complete"]]
    assert await api.named("last") == ids[1]
    assert await api.named(str(ids[0])) == ids[0]
    with pytest.raises(BadInput, match="'x' is no run's id"):
        await api.named("x")


@pytest.mark.parametrize(
    ("width", "first"),
    [
        (80, ["run status", "Lumen Grid complete", "{id} 0.1 s · $0.0100 · now"]),
        (120, ["run title status took cost started", "{id} Lumen Grid complete"]),
        (160, ["run title status took cost started pipeline", "{id} Lumen Grid complete"]),
    ],
)
async def test_runs_are_listed_by_their_titles_in_as_many_columns_as_there_are(
    api: Api, store: Store, width: int, first: list[str]
) -> None:
    await told(store, simple_story())
    run_id = await told(store, simple_story(), title="Lumen Grid")
    paper = new_paper(width)
    await list_runs(api, paper.console, status=None, pipeline=None, limit=20, json=False)
    lines = paper.text.splitlines()
    assert max(map(len, lines)) <= width
    found = [" ".join(line.split()) for line in lines]
    expected = [line.format(id=run_id) for line in first]
    assert [line[: len(begin)] for line, begin in zip(found, expected, strict=False)] == expected
    # What has no title is named after its pipeline.
    older = (await api.runs()).runs[1].run_id
    assert found[len(first)].startswith("vision_framework" if width == 80 else f"{older} vision_framework")


@pytest.mark.parametrize("width", [80, 120])
async def test_a_title_is_cut_where_there_is_no_room_and_does_nothing_to_the_terminal(
    api: Api, store: Store, width: int
) -> None:
    title = "\x1b[2J[red]" + "W" * 100
    run_id = await told(store, simple_story(), title=title)
    paper = new_paper(width)
    await list_runs(api, paper.console, status=None, pipeline=None, limit=20, json=False)
    assert "\x1b" not in paper.text and "[2J[red]WW" in paper.text and "W…" in paper.text
    assert str(run_id) in paper.text
    assert max(map(len, paper.text.splitlines())) <= width


async def test_no_runs_are_said_to_be_none(api: Api, paper: Paper) -> None:
    await list_runs(api, paper.console, status="error", pipeline=None, limit=20, json=False)
    assert paper.text == "No runs.\n"
    with pytest.raises(CommandFailed, match="no runs yet"):
        await api.named("last")


async def test_show_tells_of_a_run_under_way_how_to_watch_it(api: Api, store: Store, paper: Paper) -> None:
    run_id = await accept(store)
    await (await hold(store, run_id)).write(rest_of(simple_story())[:3])
    await show_run(api, paper.console, run_id, json=False)
    assert f"running. Watch it:  stepglass watch {run_id}" in paper.text


async def test_show_tells_of_a_finished_run_what_came_of_it(api: Api, store: Store, paper: Paper) -> None:
    await show_run(api, paper.console, await told(store, finished()), json=False)
    assert "Run QA checks" in paper.text and "Scores" in paper.text


async def test_export_gives_the_one_pager_or_all_of_it(
    api: Api, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = await told(store, finished())
    await export(api, run_id, kind="md", output=None)
    assert capsys.readouterr().out == ONE_PAGER.rstrip("\n") + "\n"
    await export(api, run_id, kind="json", output=None)
    assert json.loads(capsys.readouterr().out) == RESULT


async def test_export_gives_the_framework_as_people_left_it_or_as_it_was(
    api: Api, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = await made(store)
    edited = await api.http.patch(f"/api/runs/{run_id}/framework", json={"vision": NEW_VISION})
    await export(api, run_id, kind="json", output=None)
    now = json.loads(capsys.readouterr().out)
    assert now == {**WHOLE, **{name: edited.json()[name] for name in ("version", "framework", "scores")}}
    assert now["framework"]["vision"] == NEW_VISION
    await export(api, run_id, kind="json", output=None, version=1)
    assert json.loads(capsys.readouterr().out) == {**WHOLE, "version": 1}
    with pytest.raises(CommandFailed, match="no version 3"):
        await export(api, run_id, kind="json", output=None, version=3)
    with pytest.raises(BadInput, match="--format json"):
        await export(api, run_id, kind="md", output=None, version=1)


async def test_a_result_without_a_framework_has_no_versions(api: Api, store: Store) -> None:
    run_id = await told(store, simple_story())
    with pytest.raises(NoResult, match="no document"):
        await export(api, run_id, kind="json", output=None, version=1)


async def test_generate_says_beside_the_answers_that_somebody_is_to_be_asked(
    api: Api, store: Store, paper: Paper
) -> None:
    async with asyncio.TaskGroup() as group:
        run = group.create_task(carry(store, "k", finished()))
        await start(api, paper, example="solar-microgrids", key="k", on_invalid="ask")
    answers = EXAMPLES["solar-microgrids"].model_dump(mode="json")
    given = await store.runs.input(run.result(), DEFAULT_TENANT)
    assert given == {**answers, "on_invalid": "ask"}
    assert answers_in(given) == answers


async def test_cancel_ends_a_run_that_nobody_holds(api: Api, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = await accept(store)
    await cancel_run(api, run_id)
    assert capsys.readouterr().out == "Cancelled.\n"
    with pytest.raises(CommandFailed, match="already ended"):
        await cancel_run(api, run_id)


async def test_a_run_is_paused_and_goes_on(api: Api, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = await accept(store)
    await pause_run(api, run_id)
    assert capsys.readouterr().out.startswith("Paused;")
    assert (await api.view(run_id)).status == "paused"
    await unpause_run(api, run_id)
    assert capsys.readouterr().out.startswith("It is queued.")
    await cancel_run(api, run_id)
    with pytest.raises(CommandFailed, match="already ended"):
        await pause_run(api, run_id)


async def test_refine_takes_framework_and_answers_from_the_run(api: Api, store: Store, paper: Paper) -> None:
    run_id = await api.start("vision_framework", EXAMPLES["solar-microgrids"].model_dump(mode="json"))
    framework = FRAMEWORK | {"company_id": "c", "updated_at": "2026-01-01T00:00:00Z"}
    await (await hold(store, run_id)).write(rest_of(finished(RESULT | {"framework": framework})))

    async def answer() -> None:
        while (refining := UUID((await api.runs()).runs[0].run_id)) == run_id:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        done: dict[str, Any] = {
            "section": "vision",
            "before": "Old words.",
            "after": "New words.",
            "score_before": CARD,
            "score_after": CARD,
        }
        await (await hold(store, refining)).write([Complete(data=CompleteData(result=done))])

    async with asyncio.TaskGroup() as group:
        group.create_task(answer())
        code = await refine(
            api, paper.console, run_id=run_id, section="vision", action="more_specific", text=None, json=False
        )
    assert code == 0
    assert "Old words." in paper.text and "New words." in paper.text


async def test_refine_takes_the_framework_as_it_is_now_and_its_result_over(
    api: Api, store: Store, paper: Paper
) -> None:
    run_id = await made(store)
    await api.http.patch(f"/api/runs/{run_id}/framework", json={"tensions": []})

    async def answer() -> None:
        while not (about := await store.runs.page(DEFAULT_TENANT, about=run_id)).runs:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await refined_by_a_worker(store, UUID(about.runs[0].run_id))

    async with asyncio.TaskGroup() as group:
        group.create_task(answer())
        wish: dict[str, Any] = {"section": "vision", "action": None, "text": "Shorter.", "by": "Žofie"}
        assert await refine(api, paper.console, run_id=run_id, apply=True, **wish) == 0
    assert "Taken over: version 3 of the framework." in paper.text
    now = await api.framework(run_id)
    assert (now["kind"], now["framework"]["vision"], now["framework"]["tensions"]) == ("refine", NEW_VISION, [])
    assert now["by"] == "Žofie"


def test_a_change_is_made_in_the_name_of_the_login_unless_somebody_says_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    assert [author(given) for given in (None, " Bo ", "", " ")] == ["ada", "Bo", None, None]
    for given in ("a\nb", "x" * 101, "\x1b[0m"):
        with pytest.raises(BadInput, match="control characters or line breaks"):
            author(given)
    for login in ("", "a\tb", "x" * 101):
        monkeypatch.setattr("getpass.getuser", lambda login=login: login)
        assert author(None) is None


@pytest.mark.parametrize("error", [KeyError("uid"), OSError("no entry"), ImportError("pwd")])
def test_where_there_is_no_login_the_api_says_whose_change_it_is(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr("getpass.getuser", nobody)
    assert author(None) is None


async def test_refine_wants_one_way_to_go_and_a_framework(api: Api, store: Store, paper: Paper) -> None:
    run_id = await told(store, simple_story())
    options: dict[str, Any] = {"run_id": run_id, "section": "vision", "json": False}
    with pytest.raises(BadInput, match="One of the two"):
        await refine(api, paper.console, action=None, text=None, **options)
    with pytest.raises(BadInput, match="did not end with a framework"):
        await refine(api, paper.console, action=None, text="shorter", **options)
