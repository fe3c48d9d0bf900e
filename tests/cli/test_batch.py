"""`stepglass batch`: what it starts, what it shows, what it saves, and how it ends; and batches among other runs."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest

from cli._batch_paint import moving
from cli._client import Api, open_api
from cli._errors import BadInput, CommandFailed
from cli._follow import Frame
from cli._results import save_results
from cli._session import see_through
from cli._terminal import Terminal
from cli._view import watching
from cli.batch import Wish, batch
from cli.runs import export, list_runs, show_run
from events.errors import StoreUnavailable
from events.log import Entry
from events.runs import DEFAULT_TENANT
from events.store import Store
from tests.api.batching import Batch, brief_of, carried, done
from tests.api.conftest import running, settings_with
from tests.api.writing import hold, log_of, started_with
from tests.cli.conftest import Paper, new_paper
from tests.cli.test_terminal import terminal
from tests.histories import PROBLEM

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "briefs.jsonl"
Work = Callable[[Batch], Awaitable[object]]


async def file_of(folder: Path, *lines: Any, name: str = "portfolio.jsonl") -> str:
    path = anyio.Path(folder / name)
    await path.write_text("".join(each if isinstance(each, str) else json.dumps(each) + "\n" for each in lines))
    return str(path)


async def carry(store: Store, key: str, work: Work) -> UUID:
    """A worker for the batch that somebody is about to start with this key."""
    carrying = Batch(store, await hold(store, await started_with(store, key)), DEFAULT_TENANT)
    await carrying.begins()
    await work(carrying)
    await carrying.ends()
    return carrying.id


async def go(api: Api, store: Store, paper: Paper, work: Work, wish: Wish, **more: Any) -> tuple[int, UUID]:
    async with asyncio.TaskGroup() as group:
        carrying = group.create_task(carry(store, wish.key or "", work))
        code = await batch(api, paper.console, wish, **more)
    return code, carrying.result()


async def well(of: Batch) -> None:
    await of.completes("a")
    await of.counts(1, complete=1)


async def partly(of: Batch) -> None:
    await of.counts(4, waiting=3, complete=1, skipped=1)
    await of.completes("a", skipped=True)
    await of.completes("b")
    await of.fails("c")
    await of.tells("d", None, "cancelled")
    await of.counts(4, complete=2, skipped=1, failed=1, cancelled=1)


async def test_a_batch_is_started_from_a_file_under_the_name_of_the_file(
    api: Api, store: Store, paper: Paper, tmp_path: Path
):
    source = await file_of(tmp_path, {"key": "a", "input": brief_of("a")}, "\n", brief_of("b"))

    code, batch_id = await go(api, store, paper, well, Wish(source, concurrency=3, max_cost=0.5, key="k"))

    given: Any = await store.runs.input(batch_id, DEFAULT_TENANT)
    assert code == 0
    assert (given["name"], given["concurrency"], given["max_cost_usd"]) == ("portfolio", 3, 0.5)
    assert [item["input"]["company_name"] for item in given["items"]] == ["a", "b"]


async def test_where_there_is_no_terminal_each_item_has_a_line_and_the_end_has_one(
    api: Api, store: Store, paper: Paper, tmp_path: Path
):
    source = await file_of(tmp_path, brief_of("a"))

    code, batch_id = await go(api, store, paper, partly, Wish(source, key="k"))

    assert code == 1
    lines = paper.text.splitlines()
    assert lines[0].endswith(f"run {batch_id}")
    assert [line[10:].rstrip() for line in lines[1:-2]] == [
        "started",
        "1 of 4 done",
        "b: done",
        f"c: failed. {PROBLEM.title}: {PROBLEM.detail}",
        "d: cancelled",
    ]
    assert lines[-1].startswith("Complete in ")
    assert "2 of 4 complete (1 skipped) · 1 failed · 1 cancelled · $0.0100" in lines[-1]


async def test_for_programs_there_are_the_events_and_nothing_else(
    api: Api, store: Store, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
):
    source = await file_of(tmp_path, brief_of("a"))

    code, batch_id = await go(api, store, new_paper(), well, Wish(source, key="k"), json=True)

    assert code == 0
    assert capfdbinary.readouterr().out.splitlines() == [entry.line for entry in await log_of(store, batch_id)]


async def test_results_are_saved_a_line_for_each_item(api: Api, store: Store, paper: Paper, tmp_path: Path):
    source, output = await file_of(tmp_path, brief_of("a")), tmp_path / "out.jsonl"

    code, batch_id = await go(api, store, paper, partly, Wish(source, key="k"), output=output)

    lines = [json.loads(line) for line in (await anyio.Path(output).read_text()).splitlines()]
    assert code == 1
    assert [(line["key"], line["status"]) for line in lines] == [
        ("a", "complete"),
        ("b", "complete"),
        ("c", "error"),
        ("d", "cancelled"),
    ]
    assert lines[1]["result"] == {"made": "b"}
    exported = tmp_path / "again.jsonl"
    await export(api, batch_id, kind="jsonl", output=exported)
    assert await anyio.Path(exported).read_bytes() == await anyio.Path(output).read_bytes()


async def test_results_that_did_not_all_come_are_no_file(
    api: Api, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    batch_id = await done(store, *(f"k{number}" for number in range(60)))
    known, times = store.outcomes.last_words, iter(range(10))

    async def once(run_ids: Any, tenant: str) -> dict[UUID, Entry]:
        if next(times):
            raise StoreUnavailable("away")
        return await known(run_ids, tenant)

    monkeypatch.setattr(store.outcomes, "last_words", once)
    with pytest.raises(CommandFailed, match="Not all results came"):
        await save_results(api, batch_id, tmp_path / "out.jsonl")

    assert [path async for path in anyio.Path(tmp_path).iterdir()] == []


@pytest.mark.parametrize("json_wanted", [False, True])
async def test_who_does_not_wait_is_told_what_to_watch(
    api: Api, store: Store, paper: Paper, tmp_path: Path, capsys: pytest.CaptureFixture[str], json_wanted: bool
):
    wish = Wish(await file_of(tmp_path, brief_of("a"), brief_of("b")), key="k")

    assert await batch(api, paper.console, wish, detach=True, json=json_wanted) == 0

    said, batch_id = capsys.readouterr().out, await store.runs.find(DEFAULT_TENANT, "k")
    if json_wanted:
        assert json.loads(said) == {"batch_id": str(batch_id), "items": 2}
    else:
        assert said == f"Batch {batch_id} of 2 items is accepted. Watch it:  stepglass watch {batch_id}\n"


async def test_what_failed_is_done_again_and_a_retry_is_no_other_order(api: Api, store: Store, paper: Paper):
    before = await done(store, "a", "b", failed="b")

    code, again = await go(api, store, paper, well, Wish(again=before, key="k"))

    assert code == 0
    assert (await store.runs.view(again, DEFAULT_TENANT)).forked_from == str(before)
    with pytest.raises(BadInput, match="leave out --max-cost"):
        await batch(api, paper.console, Wish(again=before, max_cost=1))
    assert await api.named("last", pipeline="batch") == again


async def test_what_is_not_right_is_told_by_its_line(api: Api, paper: Paper, tmp_path: Path):
    source = await file_of(tmp_path, brief_of("a"), "\n", brief_of(""), {"key": "", "input": brief_of("c")})
    with pytest.raises(BadInput) as failure:
        await batch(api, paper.console, Wish(source))
    assert str(failure.value).splitlines()[1:] == [
        "  Line 3, company_name: company_name is empty: please answer it.",
        "  Line 4, key: It must not be empty.",
    ]
    source = await file_of(tmp_path, "{\n", brief_of("b"))
    with pytest.raises(BadInput, match="Line 1: It is not valid JSON"):
        await batch(api, paper.console, Wish(source))


@pytest.mark.parametrize("wish", [Wish(), Wish("a.jsonl", UUID(int=7)), Wish("/nowhere/a.jsonl")])
async def test_without_one_file_or_one_batch_there_is_nothing_to_do(api: Api, paper: Paper, wish: Wish):
    with pytest.raises(BadInput, match=r"Give a file with a line|cannot be read: No such file"):
        await batch(api, paper.console, wish)


async def test_the_example_of_the_guide_is_a_good_one(api: Api, store: Store, paper: Paper):
    assert await batch(api, paper.console, Wish(str(EXAMPLES), key="k"), detach=True) == 0

    run_id = await store.runs.find(DEFAULT_TENANT, "k")
    assert run_id is not None
    given: Any = await store.runs.input(run_id, DEFAULT_TENANT)
    assert given["name"] == "briefs"
    assert len({item["input"]["company_name"] for item in given["items"]}) == 3


async def test_a_batch_is_watched_shown_and_listed_as_one(api: Api, store: Store):
    batch_id = await done(store, "a", "b", failed="b")
    watched, shown, listed = new_paper(), new_paper(), new_paper(160)

    code, _ = await see_through(api, batch_id, watched.console, json=False)
    await show_run(api, shown.console, batch_id, json=False)
    await list_runs(api, listed.console, status=None, pipeline="batch", limit=5, json=False)

    assert code == 0, "no worker has counted here"
    assert "b: failed. " in watched.text
    assert shown.text.startswith(f"Batch portfolio  {batch_id}\n")
    assert str(batch_id) in listed.text and "portfolio" in listed.text


async def test_a_list_tells_how_many_items_failed_and_show_tells_why(api: Api, store: Store, paper: Paper):
    of = await carried(store, "a", "b", "c", "d")
    await partly(of)
    await of.report(failed=[{"key": "c", "run_id": None, "problem": PROBLEM.model_dump(exclude_none=True)}])
    listed = new_paper(160)

    await show_run(api, paper.console, of.id, json=False)
    await list_runs(api, listed.console, status=None, pipeline="batch", limit=5, json=False)

    assert "2 complete (1 skipped)   1 failed   1 cancelled   of 4" in paper.text
    assert f"✘  c  {PROBLEM.title}: {PROBLEM.detail}" in paper.text
    assert "complete, 1 failed" in listed.text


# --- in a terminal ---------------------------------------------------------------------------------------------------


async def seen(of: Batch, store: Store) -> Any:
    watched = watching(str(of.id))
    for entry in await log_of(store, of.id):
        watched.hear(entry)
    watched.items.running = (await store.runs.page(DEFAULT_TENANT, about=of.id, status="running")).runs
    return watched


def picture(watched: Any, width: int = 100, height: int = 30) -> list[str]:
    paper = new_paper(width)
    console = Terminal(file=paper.file, width=width, height=height)
    console.print(moving(watched, console))
    return [line.rstrip() for line in paper.text.splitlines()]


async def test_the_picture_has_counts_items_under_way_the_last_that_ended_and_failures(store: Store):
    of = await carried(store, "a", "b", "c", "d", "e")
    going = await of.begins_run("Globex")
    await partly(of)
    await of.counts(5, running=1, complete=2, skipped=1, failed=1, cancelled=1)

    lines = picture(await seen(of, store))

    assert lines[0] == f"Batch portfolio  {of.id}"
    assert lines[1] == "  2 complete (1 skipped)   1 failed   1 cancelled   1 running   of 5"
    assert "━" in lines[3] and "%" in lines[3]
    text = "\n".join(lines)
    assert "Globex" in text and "Generate brief" in text
    assert "✔  b" in text and "✔  a" not in text, "what was skipped is no news"
    assert f"✘  c  {PROBLEM.title}" in text and "−  d" in text
    await of.tells("Globex", going, "complete")
    assert "⠋  Globex" not in "\n".join(picture(await seen(of, store))), "who was asked saw it go on, but it has ended"


@pytest.mark.parametrize(("width", "height"), [(40, 8), (60, 14), (200, 60)])
async def test_the_picture_is_never_larger_than_the_terminal(store: Store, width: int, height: int):
    keys = [f"a very long key of an item, number {number}" for number in range(60)]
    of = await carried(store, *keys)
    for key in keys[:25]:
        await (of.fails(key) if key.endswith("3") else of.completes(key))
    for key in keys[25:55]:
        await of.begins_run(key)
    await of.counts(60, running=30, waiting=5, complete=22, failed=3)

    lines = picture(await seen(of, store), width, height)

    assert len(lines) <= height
    assert max(len(line) for line in lines) <= width


async def test_what_a_batch_waits_for_is_said(store: Store):
    of = await carried(store, "a")
    await of.counts(1, waiting=1, words="600 runs were started within a minute. It goes on in 12 s.")

    assert "  600 runs were started within a minute. It goes on in 12 s." in picture(await seen(of, store))


async def test_a_snapshot_is_where_the_items_start_over(store: Store):
    of = await carried(store, "a", "b")
    await of.fails("a")
    watched = await seen(of, store)
    value = {"key": "b", "run_id": None, "status": "cancelled", "skipped": False}
    step = {"step": "items", "label": "Run the items", "partials": {"/items/b": value}}
    watched.hear(Frame("snapshot", {"run": {"run_id": str(of.id), "pipeline": "batch", "steps": [step]}}))

    assert [item.key for item in watched.items.failed.values()] == ["b"]
    assert [item.key for item in watched.items.last] == ["b"]


@pytest.mark.timeout(120)
async def test_a_batch_is_drawn_as_it_goes_and_its_end_stays(store: Store, tmp_path: Path):
    source = await file_of(tmp_path, brief_of("a"))
    async with running(settings_with(), store) as server:
        async with terminal("batch", source, "--url", server.url, "--idempotency-key", "k") as screen:
            of = Batch(store, await hold(store, await started_with(store, "k", within=60)), DEFAULT_TENANT)
            await of.begins()
            await of.begins_run("Globex Corporation")
            await of.counts(2, running=1, waiting=1)
            await screen.shows("1 running")
            await screen.shows("Globex Corporation")
            await of.completes("a")
            await of.fails("b")
            await of.counts(2, complete=1, failed=1)
            await of.ends()
            assert await screen.ends() == 1
            await screen.shows("1 of 2 complete")
            await screen.shows(f"stepglass batch --retry {of.id}")
            await screen.shows(f"stepglass export {of.id} --format jsonl")


@pytest.mark.timeout(120)
async def test_ctrl_c_asks_whether_to_cancel_the_batch(store: Store, tmp_path: Path):
    source = await file_of(tmp_path, brief_of("a"))
    async with running(settings_with(), store) as server:
        async with terminal("batch", source, "--url", server.url, "--idempotency-key", "k") as screen:
            of = Batch(store, await hold(store, await started_with(store, "k", within=60)), DEFAULT_TENANT)
            await of.begins()
            await of.counts(1, running=1)
            await screen.shows("1 running")
            screen.ctrl_c()
            await screen.shows("Cancel the batch? [y/N]")
            screen.types("n\n")
            assert await screen.ends() == 130
            await screen.shows(f"stepglass watch {of.id}")
    assert not (await store.runs.view(of.id, DEFAULT_TENANT)).cancel_requested


async def test_an_api_that_is_away_is_told_as_for_any_run(tmp_path: Path, paper: Paper, api_server_url: str):
    async with open_api(api_server_url) as api:
        with pytest.raises(CommandFailed, match="Nothing answers"):
            await batch(api, paper.console, Wish(await file_of(tmp_path, brief_of("a"))))


@pytest.fixture
async def api_server_url(store: Store) -> str:
    async with running(settings_with(), store) as server:
        url: str = server.url
    return url
