"""A run's document over HTTP: what it is, how it is edited, the way back and forth, its history. On every store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from events.store import Store, open_store
from tests.api.conftest import problem, running, settings_with
from tests.api.editing import DOCUMENT, NEW_VISION, OTHER_VISION, RESULT, SECTIONS, Editor, editing, made
from tests.api.test_openapi import conforms, schema_of
from tests.api.test_starting import BRIEF, pointers
from tests.api.writing import accept, hold, rest_of, told
from tests.histories import Story, cancelled_story, failed_story, simple_story


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    async with open_store(store_url) as opened:
        yield opened


@pytest.fixture
async def editor(store: Store) -> AsyncIterator[Editor]:
    async with editing(store) as opened:
        yield opened


async def test_before_any_change_the_document_is_what_the_run_ended_with(editor: Editor, store: Store) -> None:
    response = await editor.ask("GET")

    ended = (await store.runs.view(editor.run_id, "default")).ended_at
    assert response.headers["etag"] == '"1"'
    assert response.json() == {
        "run_id": str(editor.run_id),
        "version": 1,
        "kind": "run",
        "sections": [],
        "by": None,
        "at": ended,
        "refined_by": None,
        "can_undo": False,
        "can_redo": False,
        **DOCUMENT,
    }
    conforms(response.json(), schema_of("show_framework", 200, "application/json"))


@pytest.mark.parametrize("seen", ['"1"', 'W/"1"', '"7", "1"'])
async def test_who_has_the_document_already_is_told_so_until_somebody_changes_it(editor: Editor, seen: str) -> None:
    same = await editor.ask("GET", headers={"If-None-Match": seen})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", '"1"')
    assert same.headers["cache-control"] == "no-store"

    await editor.edit(vision=NEW_VISION)

    changed = await editor.ask("GET", headers={"If-None-Match": seen})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json()["framework"]["vision"] == NEW_VISION


@pytest.mark.parametrize("seen", ["1", "", '"01"', '"2"', '"1', "*"])
async def test_what_names_no_version_that_is_there_is_answered_with_the_document(editor: Editor, seen: str) -> None:
    assert (await editor.ask("GET", headers={"If-None-Match": seen})).status_code == 200


async def test_an_edit_is_a_version_with_who_and_when(editor: Editor) -> None:
    before = datetime.now(UTC).timestamp() * 1000

    response = await editor.edit(by="Žofie Ångström", vision=f"  {NEW_VISION}\n")

    body = response.json()
    assert (response.status_code, response.headers["etag"]) == (200, '"2"')
    assert (body["version"], body["kind"], body["sections"]) == (2, "edit", ["vision"])
    assert (body["by"], body["can_undo"], body["can_redo"]) == ("Žofie Ångström", True, False)
    assert abs(body["at"] - before) < 60_000
    assert body["framework"]["vision"] == NEW_VISION
    assert body["framework"]["updated_at"] > DOCUMENT["framework"]["updated_at"]
    assert body == await editor.now()
    conforms(body, schema_of("edit_framework", 200, "application/json"))


async def test_what_is_not_named_stays_and_only_what_was_edited_loses_its_card(editor: Editor) -> None:
    body = (await editor.edit(vision=NEW_VISION, tensions=[])).json()

    assert body["sections"] == ["vision", "tensions"]
    for name in set(SECTIONS) - {"vision", "tensions"}:
        assert body["framework"][name] == DOCUMENT["framework"][name]
    assert list(body["scores"]) == [name for name in SECTIONS if name not in ("vision", "tensions")]


async def test_the_result_stays_what_the_run_made(editor: Editor) -> None:
    await editor.edit(vision=NEW_VISION)

    assert (await editor.client.get(f"/api/runs/{editor.run_id}/result")).json() == RESULT


@pytest.mark.parametrize(
    "same", [{}, {"vision": DOCUMENT["framework"]["vision"]}, {"vision": f" {DOCUMENT['framework']['vision']} "}]
)
async def test_what_changes_nothing_makes_no_version(editor: Editor, same: dict[str, Any]) -> None:
    response = await editor.edit(**same)

    assert (response.status_code, response.json()) == (200, await editor.now())
    assert (await editor.now())["version"] == 1
    assert await editor.store.versions.last(editor.run_id, "default") is None


async def test_undo_and_redo_are_versions_too_and_bring_the_cards_back(editor: Editor) -> None:
    await editor.edit(vision=NEW_VISION, by="Ada")
    await editor.edit(vision=OTHER_VISION, by="Ada")

    back = (await editor.undo(by="Bob")).json()
    assert (back["version"], back["kind"], back["by"], back["sections"]) == (4, "undo", "Bob", ["vision"])
    assert (back["framework"]["vision"], back["can_undo"], back["can_redo"]) == (NEW_VISION, True, True)
    first = (await editor.undo()).json()
    assert {name: first[name] for name in DOCUMENT} == DOCUMENT
    assert (first["can_undo"], first["can_redo"]) == (False, True)
    forth = (await editor.redo(by="Eve")).json()
    assert (forth["version"], forth["kind"], forth["by"]) == (6, "redo", "Eve")
    assert forth["framework"]["vision"] == NEW_VISION
    assert (await editor.redo()).json()["framework"]["vision"] == OTHER_VISION
    assert await editor.kinds() == ["run", "edit", "edit", "undo", "undo", "redo", "redo"]


async def test_where_there_is_nothing_to_undo_or_redo_it_is_said(editor: Editor) -> None:
    assert problem(await editor.undo()) == (409, "nothing-to-undo")
    assert problem(await editor.redo()) == (409, "nothing-to-redo")
    await editor.edit(vision=NEW_VISION)
    await editor.undo()
    assert problem(await editor.undo()) == (409, "nothing-to-undo")
    await editor.edit(vision=OTHER_VISION)
    assert problem(await editor.redo()) == (409, "nothing-to-redo")
    assert await editor.kinds() == ["run", "edit", "undo", "edit"]


async def test_the_history_is_a_list_without_contents_newest_first(editor: Editor) -> None:
    assert [version["version"] for version in await editor.versions()] == [1]
    await editor.edit(vision=NEW_VISION, by="Ada")
    await editor.undo(by="Bob")

    response = await editor.ask("GET", "/versions")

    newest, _, oldest = response.json()["versions"]
    assert {name: value for name, value in newest.items() if name != "at"} == {
        "version": 3,
        "kind": "undo",
        "sections": ["vision"],
        "by": "Bob",
        "refined_by": None,
        "shows": 1,
    }
    assert (oldest["kind"], oldest["by"], oldest["sections"], oldest["shows"]) == ("run", None, [], 1)
    assert "next_before" not in response.json()
    conforms(response.json(), schema_of("list_versions", 200, "application/json"))


async def test_the_history_comes_in_pages(editor: Editor) -> None:
    for number in range(5):
        await editor.edit(vision=f"{NEW_VISION[:-1]} number {number}.")

    seen: list[int] = []
    more: dict[str, Any] = {}
    while True:
        page = (await editor.ask("GET", "/versions", params={"limit": 2, **more})).json()
        seen += [version["version"] for version in page["versions"]]
        if "next_before" not in page:
            break
        more = {"before": page["next_before"]}
    assert seen == [6, 5, 4, 3, 2, 1]
    assert await editor.versions(before=1) == []


@pytest.mark.parametrize("query", [{"before": "0"}, {"before": "x"}, {"before": "9" * 10}, {"limit": "0"}])
async def test_a_page_that_cannot_be_is_a_bad_request(editor: Editor, query: dict[str, str]) -> None:
    assert problem(await editor.ask("GET", "/versions", params=query)) == (400, "bad-request")


async def test_every_version_can_be_looked_at_as_it_was(editor: Editor) -> None:
    first = await editor.ask("GET", "/versions/1")
    assert first.json() == {name: value for name, value in (await editor.now()).items() if not name.startswith("can_")}
    await editor.edit(vision=NEW_VISION)
    await editor.undo()

    assert (await editor.ask("GET", "/versions/1")).json() == first.json()
    second, third = [(await editor.ask("GET", f"/versions/{number}")).json() for number in (2, 3)]
    assert second["framework"]["vision"] == NEW_VISION
    assert (third["kind"], third["framework"]) == ("undo", DOCUMENT["framework"])
    conforms(third, schema_of("show_version", 200, "application/json"))


@pytest.mark.parametrize("number", ["0", "3", "-1", "x", "1.0", "²", "9" * 9, "9" * 30])
async def test_a_version_that_is_not_there_is_not_found(editor: Editor, number: str) -> None:
    assert problem(await editor.ask("GET", f"/versions/{number}")) == (404, "unknown-version")
    await editor.edit(vision=NEW_VISION)
    assert problem(await editor.ask("GET", f"/versions/{number}")) == (404, "unknown-version")


@pytest.mark.parametrize(
    ("patch", "wrong"),
    [
        ({"vision": None}, {"/vision"}),
        ({"vision": NEW_VISION, "tensions": None}, {"/tensions"}),
        ({"mission": "To the moon."}, {"/mission"}),
        ({"company_id": "other"}, {"/company_id"}),
        ({"updated_at": "2026-01-01T00:00:00Z"}, {"/updated_at"}),
        ({"vision": "Too short."}, {"/vision"}),
        ({"vision": "One sentence alone is not enough of them"}, {"/vision"}),
        ({"strategy": ["Serve mills before houses."]}, {"/strategy"}),
        ({"strategy": ["Serve mills before houses.", 7]}, {"/strategy/1"}),
        ({"near_term_bets": [{"bet": "x"}, {**DOCUMENT["framework"]["near_term_bets"][0], "horizon": "Q5"}]},
         {"/near_term_bets/0/bet", "/near_term_bets/0/owner", "/near_term_bets/0/horizon",
          "/near_term_bets/0/measure", "/near_term_bets/1/horizon"}),
        ({"metrics": {"0": {"name": "churn"}}}, {"/metrics"}),
        ({"vision": f"{NEW_VISION}\0"}, {"/vision"}),
        ([{"op": "replace", "path": "/vision", "value": NEW_VISION}], {""}),
        ("text", {""}),
        (7, {""}),
    ],
)  # fmt: skip
async def test_a_patch_that_breaks_something_changes_nothing(editor: Editor, patch: Any, wrong: set[str]) -> None:
    response = await editor.ask("PATCH", json=patch)

    assert problem(response) == (422, "invalid-input")
    assert set(pointers(response.json())) == wrong
    assert (await editor.now())["version"] == 1


@pytest.mark.parametrize("content_type", ["application/merge-patch+json", "application/json; charset=utf-8"])
async def test_a_patch_may_say_that_it_is_one(editor: Editor, content_type: str) -> None:
    headers = {"Content-Type": content_type}

    response = await editor.ask("PATCH", content=b'{"tensions": []}', headers=headers)

    assert (response.status_code, response.json()["sections"]) == (200, ["tensions"])


@pytest.mark.parametrize("content_type", ["application/json-patch+json", "text/plain", ""])
async def test_no_other_type_is_taken_and_those_that_are_are_named(editor: Editor, content_type: str) -> None:
    response = await editor.ask("PATCH", content=b'{"tensions": []}', headers={"Content-Type": content_type})

    assert problem(response) == (415, "unsupported-media-type")
    assert response.headers["accept-patch"] == "application/merge-patch+json, application/json"


async def test_a_text_with_half_a_character_in_it_is_no_json(editor: Editor) -> None:
    headers = {"Content-Type": "application/json"}

    response = await editor.ask("PATCH", content=b'{"tensions": ["half \\ud800 a character"]}', headers=headers)

    assert problem(response) == (400, "invalid-json")


async def test_a_patch_may_be_as_large_as_any_body_and_not_larger(editor: Editor) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}

    fits = await editor.ask("PATCH", content=b'{"tensions": []}'.ljust(256 * 1024), headers=headers)
    larger = await editor.ask("PATCH", content=b" " * (256 * 1024 + 1), headers=headers)

    assert fits.status_code == 200
    assert problem(larger) == (413, "body-too-large")


async def test_while_the_run_goes_on_there_is_no_document_yet(store: Store) -> None:
    run_id = await accept(store)
    await (await hold(store, run_id)).write(rest_of(simple_story())[:3])
    async with editing(store, run_id) as editor:
        for response in (
            await editor.ask("GET"),
            await editor.edit(vision=NEW_VISION),
            await editor.undo(),
            await editor.redo(),
            await editor.ask("GET", "/versions"),
            await editor.ask("GET", "/versions/1"),
            await editor.refine(section="vision", action="more_concise"),
            await editor.apply(run_id),
        ):
            assert problem(response) == (409, "not-finished")
            assert response.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    "story",
    [failed_story(), cancelled_story(), Story().queued().started().done({"one_pager": "# A"}), simple_story()],
    ids=["failed", "cancelled", "without a framework", "of another form"],
)
async def test_a_run_that_made_no_framework_has_no_document(store: Store, story: Story) -> None:
    async with editing(store, await told(store, story)) as editor:
        assert problem(await editor.ask("GET")) == (404, "no-result")
        assert problem(await editor.edit(vision=NEW_VISION)) == (404, "no-result")
        assert problem(await editor.ask("GET", "/versions")) == (404, "no-result")


async def test_a_pipeline_of_another_kind_has_no_document(store: Store) -> None:
    for pipeline in ("refine", "no longer there"):
        story = Story().queued(pipeline).started([], pipeline).done(RESULT)
        async with editing(store, await told(store, story, pipeline=pipeline, input=BRIEF)) as editor:
            assert problem(await editor.ask("GET")) == (404, "no-result")


async def test_a_run_that_is_not_there_has_no_document(store: Store) -> None:
    async with editing(store, UUID(int=7)) as editor:
        assert problem(await editor.ask("GET")) == (404, "unknown-run")
        assert problem(await editor.edit(vision=None)) == (404, "unknown-run")


@pytest.mark.parametrize(("name", "kept"), [("  Ada  ", "Ada"), ("x" * 100, "x" * 100), ("Ada 🦀", "Ada 🦀")])
async def test_the_author_is_who_the_client_says(editor: Editor, name: str, kept: str) -> None:
    assert (await editor.edit(by=name, vision=NEW_VISION)).json()["by"] == kept


async def test_an_author_in_the_old_encoding_of_headers_is_read_too(editor: Editor) -> None:
    headers = {b"Stepglass-Author": "Zoë".encode("latin-1")}

    response = await editor.ask("PATCH", json={"vision": NEW_VISION}, headers=headers)

    assert response.json()["by"] == "Zoë"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "Ada\tB", "\u202eadA", "\u0085"])
async def test_an_author_that_nobody_could_read_is_refused(editor: Editor, name: str) -> None:
    for response in (await editor.edit(by=name, vision=NEW_VISION), await editor.undo(by=name)):
        assert problem(response) == (400, "bad-request")
        assert "Stepglass-Author" in response.json()["detail"]
    assert (await editor.now())["version"] == 1


async def test_without_an_author_it_was_the_tenant(editor: Editor) -> None:
    assert (await editor.edit(vision=NEW_VISION)).json()["by"] == "default"


async def test_a_document_of_a_megabyte_is_edited_and_its_history_stays_light(store: Store) -> None:
    card = {**DOCUMENT["scores"]["metrics"], "issues": ["y" * 1000] * 1000}
    result = {**RESULT, "scores": {**DOCUMENT["scores"], "metrics": card}, "one_pager": "x" * 1_000_000}
    async with editing(store, await made(store, result)) as editor:
        for number in range(5):
            response = await editor.edit(vision=f"{NEW_VISION[:-1]} number {number}.")
            assert response.json()["scores"]["metrics"] == card
        history = await editor.ask("GET", "/versions")
        assert len(history.json()["versions"]) == 6
        assert len(history.content) < 2000
        assert (await editor.ask("GET", "/versions/1")).json()["scores"]["metrics"] == card


async def test_over_the_wire_it_is_the_same(store: Store) -> None:
    async with running(settings_with(), store) as server, server.client() as client:
        editor = Editor(client, store, await made(store))
        edited = await editor.edit(1, by="Žofie 🦀", vision=NEW_VISION)
        assert (edited.status_code, edited.headers["etag"], edited.json()["by"]) == (200, '"2"', "Žofie 🦀")
        assert problem(await editor.edit(1, vision=OTHER_VISION)) == (412, "outrun")
        assert (await editor.undo()).json()["framework"] == DOCUMENT["framework"]
        assert (await editor.ask("HEAD")).headers["etag"] == '"3"'
        long = await editor.ask("PATCH", content=b" " * 300_000, headers={"Content-Type": "application/json"})
        assert problem(long) == (413, "body-too-large")
