"""A section written anew by a model: how it is asked for, and how what came of it gets into the document."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from events.store import Store, open_store
from tests.api.conftest import problem
from tests.api.editing import (
    DOCUMENT,
    NEW_CARD,
    NEW_VISION,
    OTHER_VISION,
    WISH,
    Editor,
    editing,
    made,
    refinement,
    see_through,
)
from tests.api.test_openapi import conforms, schema_of
from tests.api.test_starting import BRIEF, pointers
from tests.api.writing import accept, hold, rest_of, told
from tests.histories import Story, cancelled_story, failed_story


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    async with open_store(store_url) as opened:
        yield opened


@pytest.fixture
async def editor(store: Store) -> AsyncIterator[Editor]:
    async with editing(store) as opened:
        yield opened


async def started(editor: Editor, **wish: Any) -> tuple[UUID, dict[str, Any]]:
    """The run that refines, and its input."""
    response = await editor.refine(**wish)
    assert response.status_code == 202, response.text
    run_id = UUID(response.json()["run_id"])
    given: Any = await editor.store.runs.input(run_id, "default")
    return run_id, given


# --- asking for it --------------------------------------------------------------------------------------------------


async def test_a_refinement_is_a_run_about_this_one(editor: Editor) -> None:
    response = await editor.refine(**WISH)

    body = response.json()
    assert (response.status_code, response.headers["location"]) == (202, f"/api/runs/{body['run_id']}")
    assert body["events_url"] == f"/api/runs/{body['run_id']}/events"
    conforms(body, schema_of("refine_section", 202, "application/json"))
    header = await editor.store.runs.header(UUID(body["run_id"]), "default")
    assert (header.pipeline, header.about) == ("refine", editor.run_id)
    looked_at = (await editor.client.get(response.headers["location"])).json()
    assert (looked_at["pipeline"], looked_at["about"]) == ("refine", str(editor.run_id))
    conforms(looked_at, schema_of("show_run", 200, "application/json"))


async def test_it_begins_with_the_document_as_it_is_now_the_answers_and_the_card(editor: Editor) -> None:
    await editor.edit(tensions=[])

    _, given = await started(editor, section="vision", instruction="  Shorter. ")

    now = await editor.now()
    assert given == {
        "section": "vision",
        "action": None,
        "instruction": "Shorter.",
        "framework": now["framework"],
        "answers": BRIEF,
        "score": DOCUMENT["scores"]["vision"],
    }


async def test_of_a_section_that_lost_its_card_there_is_none(editor: Editor) -> None:
    await editor.edit(vision=NEW_VISION)

    _, given = await started(editor, **WISH)

    assert (given["framework"]["vision"], given["score"]) == (NEW_VISION, None)


async def test_the_runs_about_a_run_can_be_listed(editor: Editor) -> None:
    refining = [str((await started(editor, **WISH))[0]) for _ in range(2)]

    page = await editor.client.get("/api/runs", params={"about": str(editor.run_id)})

    assert [run["run_id"] for run in page.json()["runs"]] == refining[::-1]
    other = await editor.client.get("/api/runs", params={"about": refining[0]})
    assert other.json()["runs"] == []
    assert problem(await editor.client.get("/api/runs", params={"about": "x"})) == (400, "bad-request")


@pytest.mark.parametrize(
    ("wish", "wrong"),
    [
        ({}, {"/section"}),
        ({"section": "vision"}, {""}),
        ({"section": "mission", "action": "regenerate"}, {"/section"}),
        ({"section": "vision", "action": "improve"}, {"/action"}),
        ({"section": "vision", "action": "regenerate", "instruction": "Shorter."}, {""}),
        ({"section": "vision", "instruction": " "}, {"/instruction"}),
        ({"section": "vision", "instruction": "x" * 1001}, {"/instruction"}),
        ({"section": "vision", "instruction": "a\0b"}, {"/instruction"}),
        ({**WISH, "framework": DOCUMENT["framework"]}, {"/framework"}),
    ],
)
async def test_a_wish_that_cannot_be_is_refused(editor: Editor, wish: dict[str, Any], wrong: set[str]) -> None:
    response = await editor.refine(**wish)

    assert problem(response) == (422, "invalid-input")
    assert set(pointers(response.json())) == wrong


async def test_a_run_that_was_started_with_something_else_cannot_be_refined(store: Store) -> None:
    async with editing(store, await made(store, input={"a": 1})) as editor:
        assert problem(await editor.refine(**WISH)) == (404, "no-result")
        assert (await editor.edit(vision=NEW_VISION)).status_code == 200


async def test_the_same_key_gives_the_same_refinement_although_the_document_changed(editor: Editor) -> None:
    first = await editor.refine("k", **WISH)
    await editor.edit(vision=OTHER_VISION)
    second = await editor.refine("k", **WISH)

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    page = await editor.client.get("/api/runs", params={"about": str(editor.run_id)})
    assert len(page.json()["runs"]) == 1


async def test_twenty_with_one_key_at_once_are_one_refinement(editor: Editor) -> None:
    answers = await asyncio.gather(*(editor.refine("k", **WISH) for _ in range(20)))

    assert {response.status_code for response in answers} == {202}
    assert len({response.json()["run_id"] for response in answers}) == 1


@pytest.mark.parametrize("wish", [{**WISH, "section": "tensions"}, {**WISH, "action": "regenerate"}])
async def test_the_same_key_with_another_wish_is_refused(editor: Editor, wish: dict[str, Any]) -> None:
    await editor.refine("k", **WISH)

    assert problem(await editor.refine("k", **wish)) == (422, "key-reused")


async def test_a_key_that_started_anything_else_is_refused(editor: Editor, store: Store) -> None:
    await accept(store, key="of a framework")
    async with editing(store) as other:
        await other.refine("of another run", **WISH)

    for key in ("of a framework", "of another run"):
        assert problem(await editor.refine(key, **WISH)) == (422, "key-reused")


async def test_a_key_that_is_used_while_the_document_changes_starts_one_refinement(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same request, a moment ago: it looked for the key when nobody had it yet.
    find, first = type(editor.store.runs).find, await editor.refine("k", **WISH)
    await editor.edit(vision=OTHER_VISION)
    seen: list[str] = []

    async def late(self: Any, tenant: str, key: str) -> UUID | None:
        seen.append(key)
        return None if len(seen) == 1 else await find(self, tenant, key)

    monkeypatch.setattr(type(editor.store.runs), "find", late)

    assert (await editor.refine("k", **WISH)).json() == first.json()
    assert len(seen) == 2


# --- taking it over -------------------------------------------------------------------------------------------------


async def test_a_refinement_is_taken_over_with_its_card(editor: Editor) -> None:
    refined_by = await editor.refined()

    response = await editor.apply(refined_by, by="Ada")

    body = response.json()
    assert (response.status_code, response.headers["etag"]) == (200, '"2"')
    assert (body["kind"], body["sections"], body["by"]) == ("refine", ["vision"], "Ada")
    assert body["refined_by"] == str(refined_by)
    assert (body["framework"]["vision"], body["scores"]["vision"]) == (NEW_VISION, NEW_CARD)
    changed = {"vision": NEW_VISION, "updated_at": body["framework"]["updated_at"]}
    assert body["framework"] == {**DOCUMENT["framework"], **changed}
    assert body["scores"] == {**DOCUMENT["scores"], "vision": NEW_CARD}
    assert list(body["scores"]) == list(DOCUMENT["scores"])
    conforms(body, schema_of("apply_refinement", 200, "application/json"))
    assert (await editor.versions())[0]["refined_by"] == str(refined_by)


async def test_taken_over_twice_it_is_there_once(editor: Editor) -> None:
    refined_by = await editor.refined()

    first, second = await editor.apply(refined_by), await editor.apply(refined_by)

    assert (second.status_code, second.json()) == (200, first.json())
    assert await editor.kinds() == ["run", "refine"]


async def test_taken_over_by_many_at_once_it_is_there_once(editor: Editor) -> None:
    refined_by = await editor.refined()

    answers = await asyncio.gather(*(editor.apply(refined_by) for _ in range(8)))

    assert [response.status_code for response in answers] == [200] * 8
    assert await editor.kinds() == ["run", "refine"]


async def test_what_else_was_changed_meanwhile_stays(editor: Editor) -> None:
    refined_by = await editor.refined()
    await editor.edit(tensions=[])

    body = (await editor.apply(refined_by)).json()

    assert (body["framework"]["vision"], body["framework"]["tensions"]) == (NEW_VISION, [])
    assert "tensions" not in body["scores"]


async def test_two_refinements_of_two_sections_are_both_taken_over(editor: Editor) -> None:
    strategy = [f"{line} Soon." for line in DOCUMENT["framework"]["strategy"]]
    one, two = await editor.refined(), await editor.refined("strategy", strategy)

    await asyncio.gather(editor.apply(one), editor.apply(two))

    framework = (await editor.now())["framework"]
    assert (framework["vision"], framework["strategy"]) == (NEW_VISION, strategy)


async def test_of_two_refinements_of_one_section_the_second_is_outrun(editor: Editor) -> None:
    one, two = await editor.refined(after=NEW_VISION), await editor.refined(after=OTHER_VISION)

    assert (await editor.apply(one)).status_code == 200
    response = await editor.apply(two)

    assert problem(response) == (409, "outrun")
    assert response.json()["version"] == 2
    conforms(response.json(), schema_of("apply_refinement", 409, "application/problem+json"))
    assert (await editor.now())["framework"]["vision"] == NEW_VISION


async def test_a_section_that_was_edited_meanwhile_outran_its_refinement(editor: Editor) -> None:
    refined_by = await editor.refined()
    await editor.edit(vision=OTHER_VISION)
    assert problem(await editor.apply(refined_by)) == (409, "outrun")

    await editor.undo()
    assert (await editor.apply(refined_by)).json()["framework"]["vision"] == NEW_VISION


async def test_asked_again_after_more_was_changed_it_is_not_taken_over_again(editor: Editor) -> None:
    refined_by = await editor.refined()
    await editor.apply(refined_by)
    await editor.edit(vision=OTHER_VISION)

    response = await editor.apply(refined_by)

    assert (response.status_code, response.json()["framework"]["vision"]) == (200, OTHER_VISION)
    assert await editor.kinds() == ["run", "refine", "edit"]


async def test_what_was_taken_back_can_be_taken_over_again(editor: Editor) -> None:
    refined_by = await editor.refined()
    await editor.apply(refined_by)
    back = (await editor.undo()).json()
    assert (back["framework"]["vision"], back["scores"]) == (DOCUMENT["framework"]["vision"], DOCUMENT["scores"])

    again = (await editor.apply(refined_by)).json()

    assert (again["kind"], again["framework"]["vision"], again["can_redo"]) == ("refine", NEW_VISION, False)


async def test_a_refinement_that_changed_nothing_but_the_card_gives_the_card(editor: Editor) -> None:
    same = DOCUMENT["framework"]["vision"]
    refined_by = await editor.refined(after=same)

    body = (await editor.apply(refined_by)).json()

    assert (body["framework"]["vision"], body["scores"]["vision"]) == (same, NEW_CARD)
    assert (await editor.apply(refined_by)).json()["version"] == 2


async def test_a_refinement_under_way_is_not_taken_over(editor: Editor) -> None:
    refined_by, _ = await started(editor, **WISH)

    response = await editor.apply(refined_by)

    assert problem(response) == (409, "not-finished")
    assert response.headers["retry-after"] == "2"
    await see_through(editor.store, refined_by)
    assert (await editor.apply(refined_by)).status_code == 200


@pytest.mark.parametrize("story", [failed_story(), cancelled_story()], ids=["failed", "cancelled"])
async def test_a_refinement_that_failed_has_nothing_to_take_over(editor: Editor, store: Store, story: Story) -> None:
    refined_by, _ = await started(editor, **WISH)
    await (await hold(store, refined_by)).write(rest_of(story))

    assert problem(await editor.apply(refined_by)) == (404, "no-result")
    assert await editor.kinds() == ["run"]


async def test_what_is_about_another_run_is_not_taken_over(editor: Editor, store: Store) -> None:
    other = await made(store)
    for refined_by in (await refinement(store, other), other, editor.run_id, UUID(int=7)):
        response = await editor.apply(refined_by)
        assert problem(response) == (404, "unknown-run")
        assert str(refined_by) in response.json()["detail"]


async def test_a_refinement_of_another_tenant_is_not_there(editor: Editor, store: Store) -> None:
    theirs = await refinement(store, editor.run_id, tenant="other")

    assert problem(await editor.apply(theirs)) == (404, "unknown-run")


async def test_a_run_about_this_one_that_is_no_refinement_has_nothing_to_take_over(
    editor: Editor, store: Store
) -> None:
    other = await told(store, Story().queued().started().done({"a": 1}), about=editor.run_id)

    assert problem(await editor.apply(other)) == (404, "no-result")


@pytest.mark.parametrize("body", [{}, {"refine_run_id": "x"}, {"refine_run_id": None}, {"refine_run_id": 7}, []])
async def test_what_to_take_over_must_be_named(editor: Editor, body: Any) -> None:
    assert problem(await editor.ask("POST", "/apply", json=body)) == (422, "invalid-input")
