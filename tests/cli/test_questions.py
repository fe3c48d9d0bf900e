"""What a run asks, at somebody's terminal: chosen, edited, left for later."""

import asyncio
import shlex
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import anyio
import pytest

from events.store import Store
from tests.api.conftest import ApiServer, running, settings_with
from tests.cli.asking import answers_to, asks, ends
from tests.cli.test_terminal import Terminal, terminal
from tests.steps.vision_framework.documents import sections

VISION = "A person wrote this sentence. And this one as well."


@pytest.fixture
async def server(store: Store) -> AsyncIterator[ApiServer]:
    async with running(settings_with(), store) as opened:
        yield opened


@pytest.fixture
async def editor(tmp_path: Path) -> str:
    """First it leaves the vision too short, then it writes a good one; the metrics it mends at once."""
    path = anyio.Path(tmp_path / "editor")
    lines = [
        "#!/bin/sh",
        "sed -i s/yearly/weekly/ $1",
        "if grep -q '^#!' $1",
        f"then sed -i 's/^vision:.*/vision: {VISION}/' $1",
        "else sed -i 's/^vision:.*/vision: Short./' $1",
        "fi",
    ]
    await path.write_text("\n".join(lines) + "\n")
    await path.chmod((await path.stat()).st_mode | stat.S_IXUSR)
    return shlex.quote(str(path))


async def answered(store: Store, run_id: UUID) -> object:
    async with asyncio.timeout(15):
        return await answers_to(store, run_id)


async def asked(screen: Terminal) -> None:
    await screen.shows("The vision has 1 sentence")
    await screen.shows("without an answer this is taken then: Give up.")
    await screen.shows("Your choice, 1 to 3 (Enter: later): ")


async def test_a_choice_is_a_number_and_the_run_is_watched_on(server: ApiServer, store: Store) -> None:
    run_id, writer = await asks(store)
    async with terminal("watch", str(run_id), "--url", server.url) as screen:
        await asked(screen)
        screen.types("7\n")
        await screen.shows("There is no '7'.")
        screen.types("2\n")
        assert await answered(store, run_id) == {"action": "repair"}
        await ends(writer)
        assert await screen.ends() == 0
        await screen.shows("Complete in")


async def test_an_edit_is_written_in_the_editor_until_it_fits(server: ApiServer, store: Store, editor: str) -> None:
    run_id, writer = await asks(store)
    async with terminal("watch", str(run_id), "--url", server.url, EDITOR=editor, VISUAL="") as screen:
        await asked(screen)
        screen.types("1\n")
        await screen.shows("sections/vision: It may have at least 20 characters.")
        await screen.shows("Edit it again? [Y/n] ")
        screen.types("\n")
        metrics = sections()["metrics"]
        assert await answered(store, run_id) == {"action": "edit", "sections": {"vision": VISION, "metrics": metrics}}
        await ends(writer)
        assert await screen.ends() == 0


@pytest.mark.parametrize("key", ["\n", "\x03", "\x04"])
async def test_who_answers_later_is_told_how(server: ApiServer, store: Store, key: str) -> None:
    run_id, _ = await asks(store)
    async with terminal("watch", str(run_id), "--url", server.url) as screen:
        await asked(screen)
        if key == "\x03":
            screen.ctrl_c()
        else:
            screen.types(key)
        assert await screen.ends() == 130
        await screen.shows(f"stepglass answer {run_id}")
    view = await store.runs.view(run_id, "default")
    assert view.status == "waiting"


async def test_a_question_that_was_answered_elsewhere_meanwhile_is_said_so(server: ApiServer, store: Store) -> None:
    run_id, writer = await asks(store)
    async with terminal("watch", str(run_id), "--url", server.url) as screen:
        await asked(screen)
        await store.runs.answer(run_id, "default", "framework-1", {"action": "repair"})
        screen.types("3\n")
        await screen.shows("is answered")
        await ends(writer)
        assert await screen.ends() == 0


async def test_the_command_asks_in_a_terminal_as_well(server: ApiServer, store: Store) -> None:
    run_id, _ = await asks(store)
    async with terminal("answer", "last", "--url", server.url) as screen:
        await asked(screen)
        screen.types("3\n")
        assert await answered(store, run_id) == {"action": "give_up"}
        assert await screen.ends() == 0
        await screen.shows(f"stepglass watch {run_id}")


async def test_an_editor_that_fails_leaves_the_question_open(server: ApiServer, store: Store) -> None:
    run_id, _ = await asks(store)
    async with terminal("answer", str(run_id), "--url", server.url, EDITOR="false", VISUAL="") as screen:
        await asked(screen)
        screen.types("1\n")
        assert await screen.ends() == 130
        await screen.shows("false ended with code 1: nothing is answered.")
    assert (await store.runs.view(run_id, "default")).status == "waiting"
