"""Several who change one document: who has seen an older version is told, and nobody's change is lost. Every store."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from api.app import create_app
from events.errors import Outrun
from events.store import Store, open_store
from events.versions import Version
from tests.api.conftest import in_process, problem, settings_with
from tests.api.editing import NEW_VISION, OTHER_VISION, Editor, editing

PAGE = {"Origin": "https://app.example"}


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    async with open_store(store_url) as opened:
        yield opened


@pytest.fixture
async def editor(store: Store) -> AsyncIterator[Editor]:
    async with editing(store) as opened:
        yield opened


def numbered(number: int) -> str:
    return f"{NEW_VISION[:-1]} number {number}."


async def test_of_two_who_have_seen_the_same_version_one_is_told(editor: Editor) -> None:
    first = await editor.edit(1, vision=NEW_VISION)
    second = await editor.edit(1, vision=OTHER_VISION)

    assert first.status_code == 200
    assert problem(second) == (412, "outrun")
    assert (second.headers["etag"], second.json()["version"]) == ('"2"', 2)
    assert (await editor.now())["framework"]["vision"] == NEW_VISION
    assert (await editor.edit(2, vision=OTHER_VISION)).status_code == 200


async def test_of_many_at_once_who_have_seen_the_first_version_one_succeeds(editor: Editor) -> None:
    answers = await asyncio.gather(*(editor.edit(1, vision=numbered(number)) for number in range(8)))

    assert sorted(response.status_code for response in answers) == [200] + [412] * 7
    assert await editor.kinds() == ["run", "edit"]


async def test_of_many_at_once_who_do_not_say_what_they_have_seen_all_succeed(editor: Editor) -> None:
    answers = await asyncio.gather(*(editor.edit(by=str(number), vision=numbered(number)) for number in range(8)))

    assert [response.status_code for response in answers] == [200] * 8
    assert sorted(response.json()["version"] for response in answers) == list(range(2, 10))
    for number, response in enumerate(answers):
        body = response.json()
        assert (body["by"], body["framework"]["vision"]) == (str(number), numbered(number))
    assert await editor.kinds() == ["run"] + ["edit"] * 8


async def test_edits_of_two_sections_at_once_are_both_in_the_document(editor: Editor) -> None:
    await asyncio.gather(editor.edit(vision=NEW_VISION), editor.edit(tensions=[]))

    framework = (await editor.now())["framework"]
    assert (framework["vision"], framework["tensions"]) == (NEW_VISION, [])


async def test_over_several_servers_it_is_the_same(database_url: str) -> None:
    async with open_store(database_url) as one, open_store(database_url) as two, editing(one) as here:
        async with editing(two, here.run_id) as there:
            edits = [editor.edit(vision=numbered(at)) for at, editor in enumerate([here, there] * 4)]
            answers = await asyncio.gather(*edits)
            assert [response.status_code for response in answers] == [200] * 8
            assert await there.kinds() == ["run"] + ["edit"] * 8
            assert await there.now() == await here.now()


async def test_undone_twice_at_once_it_is_two_steps_back(editor: Editor) -> None:
    for number in range(3):
        await editor.edit(vision=numbered(number))

    await asyncio.gather(editor.undo(), editor.undo())

    assert (await editor.now())["framework"]["vision"] == numbered(0)


async def test_of_two_who_undo_what_they_have_seen_one_is_told(editor: Editor) -> None:
    for number in range(3):
        await editor.edit(vision=numbered(number))

    answers = await asyncio.gather(editor.undo(4), editor.undo(4))

    assert sorted(response.status_code for response in answers) == [200, 412]
    assert (await editor.now())["framework"]["vision"] == numbered(1)


async def test_who_has_seen_an_older_version_neither_undoes_nor_redoes_nor_takes_over(editor: Editor) -> None:
    refined_by = await editor.refined()
    await editor.edit(tensions=[])

    for response in (await editor.undo(1), await editor.redo(1), await editor.apply(refined_by, 1)):
        assert problem(response) == (412, "outrun")
    assert await editor.kinds() == ["run", "edit"]


async def test_whose_change_is_there_already_is_not_refused_for_asking_again(editor: Editor) -> None:
    refined_by = await editor.refined("tensions", ["Fast growth against careful repair."])
    first = await editor.edit(1, vision=NEW_VISION)
    assert (await editor.edit(1, vision=NEW_VISION)).json() == first.json()

    second = await editor.apply(refined_by, 2)
    assert (await editor.apply(refined_by, 2)).json() == second.json()
    assert await editor.kinds() == ["run", "edit", "refine"]


@pytest.mark.parametrize("seen", ['"1"', 'W/"1"', '"0", "1"', ' "x" ,W/"1" ', "*", ""])
async def test_a_version_may_be_named_in_any_way_of_http(editor: Editor, seen: str) -> None:
    assert (await editor.edit(seen, vision=NEW_VISION)).status_code == 200


@pytest.mark.parametrize("seen", ['"2"', '"0"', '"01"', '"x"', '""', 'W/"2"', '"0", "2"'])
async def test_another_version_is_not_the_one_that_is_there(editor: Editor, seen: str) -> None:
    assert problem(await editor.edit(seen, vision=NEW_VISION)) == (412, "outrun")


@pytest.mark.parametrize("seen", ["1", '"1', "v1", '"1" "2"', "*, *", '"a b"', ","])
async def test_what_is_no_entity_tag_is_a_bad_request(editor: Editor, seen: str) -> None:
    assert problem(await editor.edit(seen, vision=NEW_VISION)) == (400, "bad-request")
    assert problem(await editor.undo(seen)) == (400, "bad-request")


async def test_who_is_always_outrun_gives_up(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    async def outrun(*args: object) -> Version:
        nonlocal tries
        tries += 1
        raise Outrun("somebody else, again")

    monkeypatch.setattr("api.document.TRIES", 3)
    monkeypatch.setattr(type(editor.store.versions), "add", outrun)

    assert problem(await editor.edit(tensions=[])) == (412, "outrun")
    assert (await editor.now())["version"] == 1
    assert tries == 3


async def test_a_page_of_an_allowed_origin_may_edit_and_read_the_version(store: Store) -> None:
    settings = settings_with(cors_origins=PAGE["Origin"])
    asks = {
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "content-type,if-match,stepglass-author",
    }
    async with in_process(create_app(settings, store)) as client, editing(store) as editor:
        path = f"/api/runs/{editor.run_id}/framework"
        preflight = await client.options(path, headers={**PAGE, **asks})
        edited = await client.patch(path, json={"vision": NEW_VISION}, headers={**PAGE, "If-Match": '"1"'})
        refused = await editor.ask("PATCH", json={"vision": OTHER_VISION}, headers=PAGE)

    assert (preflight.status_code, edited.status_code) == (200, 200)
    assert "ETag" in edited.headers["access-control-expose-headers"]
    assert problem(refused) == (403, "forbidden-origin")


async def test_m8_an_undo_to_a_version_that_others_have_dropped_meanwhile_begins_anew(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await editor.edit(vision=NEW_VISION)
    find, asked = editor.store.versions.find, list[int]()

    async def gone_at_first(run_id: UUID, tenant: str, number: int) -> Version | None:
        asked.append(number)
        return None if len(asked) == 1 else await find(run_id, tenant, number)

    monkeypatch.setattr(editor.store.versions, "find", gone_at_first)
    undone = await editor.undo()

    assert undone.status_code == 200, undone.text
    assert (undone.json()["version"], undone.json()["can_undo"], asked) == (3, False, [1, 1, 2])
