"""What a store promises of the versions of a document, and how one goes back and forth among them."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import anyio
import asyncpg
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import JsonValue

from events import _pg_versions, versions
from events.errors import Outrun, UnknownRun
from events.runs import DEFAULT_TENANT
from events.store import Store, open_store
from events.versions import Version, changed, forgotten, led_around, redone, undone, written_by_run
from tests.events.words import LAST, held, new
from tests.proxy import Proxy

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Document:
    """A run's document, worked on as the API does."""

    def __init__(self, store: Store, run_id: UUID) -> None:
        self.store, self.run_id = store, run_id

    async def begin(self) -> Version:
        return await self.add(written_by_run({"vision": "one"}, THEN))

    async def add(self, *versions: Version) -> Version:
        return await self.store.versions.add(self.run_id, DEFAULT_TENANT, *versions)

    async def last(self) -> Version:
        last = await self.store.versions.last(self.run_id, DEFAULT_TENANT)
        assert last is not None
        return last

    async def at(self, number: int | None) -> Version:
        found = await self.store.versions.find(self.run_id, DEFAULT_TENANT, number or 0)
        assert found is not None
        return found

    async def edit(self, content: JsonValue, by: str = "Ada") -> Version:
        return await self.add(changed(await self.last(), content, ["vision"], by))

    async def undo(self) -> Version:
        last = await self.last()
        return await self.add(undone(last, await self.at(last.shows), await self.at(last.back), "Bob"))

    async def redo(self) -> Version:
        last = await self.last()
        return await self.add(redone(last, await self.at(last.ahead[0]), "Bob"))


@pytest.fixture
async def document(store: Store) -> Document:
    return Document(store, (await store.runs.accept(new())).run_id)


async def test_a_document_that_nobody_changed_has_no_versions(store: Store, document: Document) -> None:
    assert await store.versions.last(document.run_id, DEFAULT_TENANT) is None
    assert await store.versions.find(document.run_id, DEFAULT_TENANT, 1) is None
    assert await store.versions.page(document.run_id, DEFAULT_TENANT) == []


async def test_a_version_says_what_it_is_who_made_it_and_when(store: Store, document: Document) -> None:
    first = await document.begin()
    assert (first.number, first.kind, first.by, first.at) == (1, "run", None, THEN)
    before, refine_run = datetime.now(UTC), uuid4()
    wanted = changed(first, {"vision": "zwei \u0000"}, ["vision", "metrics"], "Ada", refine_run)
    made = await document.add(wanted)
    assert made == await document.last() == await document.at(2)
    assert made.at is not None and abs((made.at - before).total_seconds()) < 60
    assert (made.kind, made.content, made.sections) == ("refine", {"vision": "zwei \u0000"}, ("vision", "metrics"))
    assert (made.by, made.refined_by, made.back) == ("Ada", refine_run, 1)


async def test_undo_goes_back_and_redo_forth_and_each_is_a_version(document: Document) -> None:
    await document.begin()
    await document.edit("two")
    await document.edit("three")
    assert (await document.undo()).content == "two"
    back = await document.undo()
    assert (back.number, back.content, back.back, back.ahead) == (5, {"vision": "one"}, None, (2, 3))
    forth = await document.redo()
    assert (forth.number, forth.content, forth.ahead, forth.sections) == (6, "two", (3,), ("vision",))
    assert (await document.redo()).content == "three"
    assert (await document.last()).ahead == ()
    kinds = [(await document.at(number)).kind for number in range(1, 8)]
    assert kinds == ["run", "edit", "edit", "undo", "undo", "redo", "redo"]


async def test_what_was_undone_cannot_be_redone_behind_an_edit_and_is_not_lost(document: Document) -> None:
    await document.begin()
    await document.edit("two")
    await document.undo()
    edited = await document.edit("other")
    assert (edited.ahead, edited.back) == ((), 1)
    assert (await document.undo()).content == {"vision": "one"}
    assert (await document.redo()).content == "other"
    assert (await document.at(2)).content == "two"


async def test_a_version_that_was_gone_back_to_says_who_went(document: Document) -> None:
    await document.begin()
    await document.edit("two", by="Ada")
    back = await document.undo()
    assert (back.by, back.shows, back.refined_by, back.sections) == ("Bob", 1, None, ("vision",))
    assert back.at is not None and back.at > THEN


async def test_to_go_back_to_a_refinement_is_to_refine_nothing_and_to_redo_one_is(
    document: Document,
) -> None:
    refined_by = uuid4()
    first = await document.begin()
    await document.add(changed(first, "refined", ["vision"], "Ada", refined_by))
    await document.edit("edited")
    assert ((await document.undo()).content, (await document.last()).refined_by) == ("refined", None)
    assert (await document.undo()).content == {"vision": "one"}
    assert (await document.redo()).refined_by == refined_by


async def test_of_two_who_add_the_same_number_one_is_told(document: Document) -> None:
    first = await document.begin()
    await document.add(changed(first, "mine", ["vision"], "Ada"))
    with pytest.raises(Outrun):
        await document.add(changed(first, "yours", ["vision"], "Bob"))
    with pytest.raises(Outrun):
        await document.begin()
    assert (await document.last()).content == "mine"


async def test_of_many_at_once_one_succeeds_and_all_or_nothing_is_stored(document: Document) -> None:
    first = written_by_run("one", THEN)

    async def add(who: str) -> bool:
        try:
            await document.add(first, changed(first, who, ["vision"], who))
        except Outrun:
            return False
        return True

    with anyio.fail_after(10):
        done = await asyncio.gather(*(add(str(number)) for number in range(8)))
    assert sum(done) == 1
    assert (await document.last()).content == str(done.index(True))
    assert (await document.last()).number == 2


async def test_a_number_may_not_be_passed_over(document: Document) -> None:
    first = written_by_run("one", THEN)
    with pytest.raises(Outrun):
        await document.add(changed(first, "two", ["vision"], "Ada"))


async def test_versions_come_in_pages_newest_first(store: Store, document: Document) -> None:
    await document.begin()
    for number in range(2, 6):
        await document.edit(number)
    page = await store.versions.page(document.run_id, DEFAULT_TENANT, limit=2)
    assert [version.number for version in page] == [5, 4]
    page = await store.versions.page(document.run_id, DEFAULT_TENANT, before=4, limit=9)
    assert [version.number for version in page] == [3, 2, 1]
    assert [version.content for version in page] == [None, None, None]


@pytest.mark.parametrize("lost", ["answer", "question"])
async def test_a_version_whose_answer_was_lost_is_there_once(proxy: Proxy, lost: str) -> None:
    async with open_store(proxy.url) as store:
        document = Document(store, (await store.runs.accept(new())).run_id)
        first = await document.begin()
        (proxy.lose_answer_to if lost == "answer" else proxy.lose)(b"COMMIT")
        made = await document.add(changed(first, {"vision": "two"}, ["vision"], "Ada"))
        assert proxy.lost.is_set()
        assert made == await document.last()
        assert (made.number, made.content) == (2, {"vision": "two"})


async def test_whose_answer_was_lost_and_who_was_outrun_meanwhile_is_told(proxy: Proxy, database_url: str) -> None:
    async with open_store(proxy.url) as store, open_store(database_url) as elsewhere:
        document = Document(store, (await store.runs.accept(new())).run_id)
        first = await document.begin()
        proxy.away = True
        proxy.cut()
        mine = asyncio.create_task(document.add(changed(first, "mine", ["vision"], "Ada")))
        await elsewhere.versions.add(document.run_id, DEFAULT_TENANT, changed(first, "yours", ["vision"], "Ada"))
        proxy.away = False
        with pytest.raises(Outrun):
            await mine
        assert (await document.last()).content == "yours"


async def test_of_another_tenant_s_document_there_is_nothing(store: Store, document: Document) -> None:
    first = await document.begin()
    assert await store.versions.last(document.run_id, "other") is None
    assert await store.versions.find(document.run_id, "other", 1) is None
    assert await store.versions.page(document.run_id, "other") == []
    with pytest.raises(UnknownRun):
        await store.versions.add(document.run_id, "other", changed(first, "theirs", ["vision"], "Eve"))
    with pytest.raises(UnknownRun):
        await store.versions.add(uuid4(), DEFAULT_TENANT, first)


async def test_versions_go_with_their_run(postgres_store: Store, database_url: str) -> None:
    run = await held(postgres_store)
    await postgres_store.log.append(run.run_id, [LAST], epoch=run.epoch)
    await Document(postgres_store, run.run_id).begin()
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT stepglass.forget(now() + interval '1 day')")
        assert await connection.fetchval("SELECT count(*) FROM stepglass.versions") == 0
    finally:
        await connection.close()


# --- how many are kept ----------------------------------------------------------------------------------------------


@pytest.fixture
def five(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_pg_versions, versions):
        monkeypatch.setattr(module, "MOST_VERSIONS", 5)


async def numbers(document: Document) -> list[int]:
    page = await document.store.versions.page(document.run_id, DEFAULT_TENANT, limit=99)
    return [version.number for version in page][::-1]


@pytest.mark.usefixtures("five")
async def test_m8_the_last_versions_are_kept_and_the_run_s_own_and_undo_goes_past_the_others(
    document: Document,
) -> None:
    await document.begin()
    for number in range(2, 31):
        await document.edit(number)
    assert await numbers(document) == [1, 25, 26, 27, 28, 29, 30]
    assert await document.store.versions.find(document.run_id, DEFAULT_TENANT, 24) is None

    assert [(await document.undo()).content for _ in range(5)] == [29, 28, 27, 26, 25]
    first = await document.undo()
    assert (first.content, first.back, first.number) == ({"vision": "one"}, None, 36)
    assert [(await document.redo()).content for _ in range(6)] == [25, 26, 27, 28, 29, 30]
    assert (await document.last()).ahead == ()
    assert await document.edit("another") == await document.last()


@pytest.mark.usefixtures("five")
async def test_m8_going_back_and_forth_without_end_adds_no_end_of_versions_and_loses_nothing(
    document: Document,
) -> None:
    await document.begin()
    for number in range(2, 5):
        await document.edit(number)
    for _ in range(10):
        await document.undo()
        await document.redo()
    assert await numbers(document) == [1, 2, 3, 4, 20, 21, 22, 23, 24]
    assert [(await document.undo()).content for _ in range(3)] == [3, 2, {"vision": "one"}]


@given(st.lists(st.sampled_from(["edit", "undo", "undo", "redo"]), max_size=60))
@settings(max_examples=60)
def test_m8_whatever_is_done_undo_leads_to_the_first_version_and_redo_back_again(acts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(versions, "MOST_VERSIONS", 5)
        history = [written_by_run(1, THEN)]
        for act in acts:
            done(history, act)
        here = history[-1].content
        assert len(history) <= 5 * 5 and history[0].content == 1
        back = 0
        while history[-1].back is not None:
            done(history, "undo")
            back += 1
        assert history[-1].content == 1 and back <= 6
        for _ in range(back):
            done(history, "redo")
        assert history[-1].content == here


def done(history: list[Version], act: str) -> None:
    """One act, where there is anything to be done, and what the history keeps then."""
    last, at = history[-1], {version.number: version for version in history}
    if act == "edit":
        history.append(changed(last, last.number + 1, ["vision"], "Ada"))
    elif act == "undo" and last.back is not None:
        history.append(undone(last, at[last.shows], at[last.back], "Bob"))
    elif act == "redo" and last.ahead:
        history.append(redone(last, at[last.ahead[0]], "Bob"))
    gone = forgotten(history)
    assert led_around(history[-1], gone) == history[-1], "the present one leads to what is kept"
    history[:] = [led_around(version, gone) for version in history if version.number not in gone]


@pytest.mark.usefixtures("five")
async def test_m8_a_version_whose_answer_was_lost_is_there_once_though_others_were_dropped_with_it(
    proxy: Proxy,
) -> None:
    async with open_store(proxy.url) as store:
        document = Document(store, (await store.runs.accept(new())).run_id)
        await document.begin()
        for number in range(2, 12):
            await document.edit(number)
        proxy.lose_answer_to(b"COMMIT")
        made = await document.edit("the last")
        assert proxy.lost.is_set()
        assert made == await document.last()
        assert await numbers(document) == [1, 7, 8, 9, 10, 11, 12]


# --- a run about another --------------------------------------------------------------------------------------------


async def test_a_run_says_which_run_it_is_about(store: Store) -> None:
    parent = await store.runs.accept(new())
    about = await store.runs.accept(new("refine", about=parent.run_id))
    assert (await store.runs.header(about.run_id, DEFAULT_TENANT)).about == parent.run_id
    assert (await store.runs.header(parent.run_id, DEFAULT_TENANT)).about is None


async def test_the_runs_about_a_run_can_be_listed(store: Store) -> None:
    parent = (await store.runs.accept(new())).run_id
    refining = [str((await store.runs.accept(new("refine", about=parent))).run_id) for _ in range(3)]
    await store.runs.accept(new("refine", about=uuid4()))
    page = await store.runs.page(DEFAULT_TENANT, about=parent, limit=2)
    assert [view.run_id for view in page.runs] == refining[:0:-1]
    rest = await store.runs.page(DEFAULT_TENANT, about=parent, after=page.next_after)
    assert [view.run_id for view in rest.runs] == refining[:1]
    assert (await store.runs.page("other", about=parent)).runs == []
