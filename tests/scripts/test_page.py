"""Building the page: once, only when it must be, and never half."""

import asyncio
import gzip
import json
import os
import signal

import pytest

from tests.e2e.stack import free_port, until
from tests.scripts.front_end import FrontEnd

BUILD = "run build"


async def test_a_page_is_built_once_and_again_only_when_its_sources_are_others(front_end: FrontEnd) -> None:
    code, said = await front_end.build()
    assert (code, front_end.shown) == (0, "one")
    assert said.startswith("Building the page …\nBuilt the page in ")

    os.utime(front_end.source)
    assert await front_end.build() == (0, "")
    assert front_end.asked == [BUILD]

    front_end.source.write_text("two")
    await front_end.build()
    assert (front_end.asked, front_end.shown) == ([BUILD, BUILD], "two")


@pytest.mark.parametrize("change", ["lock", "node", "new file", "renamed", "by hand"])
async def test_whatever_a_page_is_made_of_makes_it_anew(front_end: FrontEnd, change: str) -> None:
    await front_end.build()
    match change:
        case "lock":
            (front_end.root / "web" / "package-lock.json").write_text('{"packages": {"": {}}, "lockfileVersion": 3}')
        case "node":
            front_end.has_node("v24.0.1")
        case "new file":
            (front_end.root / "web" / "public").mkdir()
            (front_end.root / "web" / "public" / "robots.txt").write_text("")
        case "renamed":
            front_end.source.with_name("b.ts").write_text("")
            await front_end.build()
            front_end.source.with_name("b.ts").rename(front_end.source.with_name("c.ts"))
        case _:
            (front_end.page / ".built").unlink()  # as Vite does, which empties the folder first
    before = len(front_end.asked)
    await front_end.build()
    assert len(front_end.asked) == before + 1


async def test_tests_and_words_about_a_page_do_not_make_it_anew(front_end: FrontEnd) -> None:
    await front_end.build()
    (front_end.root / "web" / "tests").mkdir()
    (front_end.root / "web" / "tests" / "page.test.ts").write_text("")
    (front_end.root / "web" / "README.md").write_text("")
    assert await front_end.build() == (0, "")


async def test_a_page_that_cannot_be_built_leaves_the_old_one_and_says_why(front_end: FrontEnd) -> None:
    await front_end.build()
    front_end.source.write_text("wrong")
    code, said = await front_end.build()
    assert code == 1
    assert "main.ts:1:1: this is wrong" in said and "The page stays as it was built before." in said
    assert front_end.shown == "one"
    assert not list(front_end.page.parent.glob(".new-*"))


async def test_what_runs_without_a_page_is_not_stopped_by_its_failure(front_end: FrontEnd) -> None:
    front_end.source.write_text("wrong")
    code, said = await front_end.build("--optional")
    assert code == 0
    assert "this is wrong" in said and "Everything else works; / leads to /docs." in said


async def test_two_builds_at_once_are_one(front_end: FrontEnd) -> None:
    (front_end.root / "wait").touch()
    first = await front_end.start("scripts/page.py")
    await until((front_end.root / "waiting").exists, "the first builds")
    second = await front_end.start("scripts/page.py")
    assert second.stdout and "waiting for it" in (await second.stdout.readline()).decode()
    (front_end.root / "wait").unlink()
    assert [await process.wait() for process in (first, second)] == [0, 0]
    assert (front_end.asked, front_end.shown) == ([BUILD], "one")


async def cut_off(process: asyncio.subprocess.Process, how: signal.Signals) -> int:
    """Python loses an interrupt that reaches it inside a callback, for example the garbage collector's: press again."""
    while True:
        os.killpg(process.pid, how)
        try:
            async with asyncio.timeout(5):
                return await process.wait()
        except TimeoutError:
            continue


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_a_build_that_is_cut_off_leaves_the_old_page(front_end: FrontEnd, how: signal.Signals) -> None:
    await front_end.build()
    front_end.source.write_text("two")
    (front_end.root / "wait").touch()
    process = await front_end.start("scripts/page.py")
    await until((front_end.root / "waiting").exists, "it builds")
    assert await cut_off(process, how) != 0
    assert front_end.shown == "one"

    (front_end.root / "wait").unlink()
    await front_end.build()
    assert front_end.shown == "two"
    assert not list(front_end.page.parent.glob(".new-*"))


async def test_an_open_tab_keeps_its_files_until_the_page_after_the_next(front_end: FrontEnd) -> None:
    for text, kept in [("one", ["one"]), ("two", ["one", "two"]), ("three", ["three", "two"])]:
        front_end.source.write_text(text)
        await front_end.build()
        assert (front_end.shown, front_end.assets) == (text, kept)


async def test_whoever_looks_while_a_page_is_replaced_sees_a_whole_one(front_end: FrontEnd) -> None:
    await front_end.build()
    seen: set[str] = set()
    for text in ["two", "three", "four"]:
        front_end.source.write_text(text)
        process = await front_end.start("scripts/page.py")
        while process.returncode is None:
            seen.add(front_end.shown)  # raises where the page names what is not there
            await asyncio.sleep(0.001)
    assert seen >= {"two", "three"}


async def test_each_file_has_a_compressed_twin(front_end: FrontEnd) -> None:
    front_end.source.write_text("x" * 1000)
    await front_end.build()
    [packed] = (front_end.page / "assets").glob("*.js.gz")
    assert gzip.decompress(packed.read_bytes()).decode() == front_end.shown
    assert (front_end.page / "index.html.gz").exists()


@pytest.mark.timeout(60)
async def test_a_registry_that_does_not_answer_is_said_soon(front_end: FrontEnd) -> None:
    lock = {"packages": {"": {}, "node_modules/vite": {"version": "8.0.0"}}}
    (front_end.root / "web" / "package-lock.json").write_text(json.dumps(lock))
    for name in ("node", "npm"):
        (front_end.root / "bin" / name).unlink()  # the real ones, of the machine or of the wheel
    async with asyncio.timeout(20):
        code, said = await front_end.run(
            "scripts/page.py", "--optional", npm_config_registry=f"http://127.0.0.1:{free_port()}"
        )
    assert code == 0
    assert "The npm registry did not give what the page is made with" in said and "ECONNREFUSED" in said
    assert "Everything else works" in said
