"""Processes are kept alive, stopped in order, and never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli._part import Backoff, DoesNotStart
from tests.cli.processes import READY, STAY, Heard, gone, part, supervising, until

ROOT = str(Path(__file__).parent.parent.parent)
GRANDCHILD = """
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
"""
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


async def test_a_process_says_when_it_is_ready_and_where() -> None:
    heard = Heard()
    async with supervising(heard) as supervisor:
        process = supervisor.start(part("a", STAY))
        await process.until_ready()
        assert process.where == "here"


async def test_a_process_without_a_word_is_ready_when_its_probe_says_so() -> None:
    looks = 0

    async def third_time() -> bool:
        nonlocal looks
        looks += 1
        return looks == 3

    async with supervising(Heard()) as supervisor:
        await supervisor.start(part("a", "signal.pause()", probe=third_time)).until_ready()
    assert looks == 3


async def test_a_process_that_dies_is_started_again_after_longer_and_longer_waits() -> None:
    heard = Heard()
    async with supervising(heard) as supervisor:
        supervisor.start(part("a", "sys.exit('no luck')"))
        await until(lambda: len(heard.said) >= 4)
    assert heard.said[:4] == [
        f"a ended with code 1: no luck. Starting it again in {wait} s." for wait in ("0.01", "0.02", "0.04", "0.04")
    ]


async def test_the_wait_is_short_again_after_a_healthy_life() -> None:
    heard = Heard()
    async with supervising(heard, backoff=Backoff(first=0.01, cap=1, healthy=0)) as supervisor:
        supervisor.start(part("a", "sys.exit(1)"))
        await until(lambda: len(heard.said) >= 3)
    assert all("in 0.01 s" in line for line in heard.said)


async def test_a_killed_process_comes_back_and_it_is_said() -> None:
    heard = Heard()
    async with supervising(heard) as supervisor:
        process = supervisor.start(part("a", STAY))
        await process.until_ready()
        first = process.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: "a is back." in heard.said)
        assert process.pid not in (None, first)
        assert heard.said[0] == "a was killed (SIGKILL). Starting it again in 0.01 s."


async def test_what_a_killed_process_had_started_goes_with_it() -> None:
    heard = Heard()
    async with supervising(heard) as supervisor:
        process = supervisor.start(part("a", GRANDCHILD + STAY))
        await process.until_ready()
        await until(lambda: heard.lines)
        child = heard.number("child")
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        await until(lambda: gone(child))


async def test_one_that_never_gets_ready_is_given_up_with_its_last_words() -> None:
    async with supervising(Heard()) as supervisor:
        process = supervisor.start(part("a", "sys.exit('the reason')"))
        with pytest.raises(DoesNotStart) as caught:
            await process.until_ready()
    assert caught.value.last_words[-1] == "the reason"


async def test_stages_are_stopped_in_order() -> None:
    heard = Heard()
    bye = "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit()))\n"
    async with supervising(heard, ("api", "worker"), ("prefect",), ("postgres",)) as supervisor:
        for name in ("postgres", "prefect", "worker", "api"):
            await supervisor.start(part(name, bye + STAY)).until_ready()
        await supervisor.stop()
        await until(lambda: sum("bye" in line for line in heard.lines) == 4)
    order = [line.split()[0] for line in heard.lines if line.endswith("bye")]
    assert set(order[:2]) == {"api", "worker"}
    assert order[2:] == ["prefect", "postgres"]
    assert heard.said == []


async def test_one_that_does_not_stop_is_killed_with_all_that_it_started() -> None:
    heard = Heard()
    async with supervising(heard, ("a",), grace=0.05) as supervisor:
        process = supervisor.start(part("a", DEAF + GRANDCHILD + STAY))
        await process.until_ready()
        await until(lambda: heard.lines)
        pid, child = process.pid, heard.number("child")
        await supervisor.stop()
        assert pid
        await until(lambda: gone(pid) and gone(child))
    assert heard.said == ["a did not stop within 0.05 s and was killed."]


async def test_kill_ends_all_at_once_whatever_they_do() -> None:
    heard = Heard()
    async with supervising(heard) as supervisor:
        process = supervisor.start(part("a", DEAF + STAY))
        await process.until_ready()
        pid = process.pid
        supervisor.kill()
        assert pid
        await until(lambda: gone(pid))


async def test_a_keeper_is_asked_even_in_a_hurry_because_it_alone_can_end_what_it_keeps() -> None:
    heard = Heard()
    apart = """
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("child", child.pid, flush=True)
signal.signal(signal.SIGTERM, lambda *_: (child.kill(), sys.exit()))
"""
    async with supervising(heard) as supervisor:
        process = supervisor.start(replace(part("a", apart + STAY), keeper=True))
        await process.until_ready()
        await until(lambda: heard.lines)
        child = heard.number("child")
        supervisor.kill()
        await until(lambda: gone(child))


async def test_stop_while_a_process_waits_to_be_started_again_starts_nothing() -> None:
    heard = Heard()
    async with supervising(heard, ("a",), backoff=Backoff(first=600)) as supervisor:
        process = supervisor.start(part("a", "sys.exit(1)"))
        await until(lambda: heard.said)
        await supervisor.stop()
    assert process.pid is None
    assert len(heard.said) == 1


async def test_a_restart_is_at_once_and_not_a_death() -> None:
    heard = Heard()
    async with supervising(heard) as supervisor:
        process = supervisor.start(part("a", STAY))
        await process.until_ready()
        first = process.pid
        await supervisor.restart(["a", "unknown"])
        await until(lambda: "a is back." in heard.said)
        assert process.pid != first
    assert heard.said == ["a is back."]


async def test_every_line_is_passed_on_also_the_last_and_very_long_ones() -> None:
    heard = Heard()
    async with supervising(heard) as supervisor:
        supervisor.start(part("a", "print('x' * 300_000); print(); print('end', end='', flush=True); time.sleep(600)"))
        await until(lambda: heard.lines)
        supervisor.kill()
        await until(lambda: len(heard.lines) == 2)
    assert heard.lines == ["a " + "x" * 300_000, "a end"]


async def test_the_terminals_ctrl_c_does_not_reach_the_processes() -> None:
    heard = Heard()
    async with supervising(heard) as supervisor:
        process = supervisor.start(part("a", STAY))
        await process.until_ready()
        assert process.pid
        assert os.getsid(process.pid) == process.pid != os.getsid(0)


SUPERVISOR = """
import asyncio, sys
sys.path.insert(0, {root!r})
from tests.cli.processes import *
async def main():
    heard = Heard()
    async with supervising(heard) as supervisor:
        for name, program in {programs!r}.items():
            await supervisor.start(part(name, program)).until_ready()
        await until(lambda: len(heard.lines) == 3)
        print(*heard.lines, sep="\\n", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_nothing_is_left_when_the_supervisor_itself_is_killed() -> None:
    programs = {"soft": STAY, "parent": GRANDCHILD + STAY}
    code = SUPERVISOR.format(root=ROOT, programs=programs)
    supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    assert supervisor.stdout
    pids = [int((await supervisor.stdout.readline()).split()[-1]) for _ in range(3)]
    await until(lambda: not any(gone(pid) for pid in pids))
    supervisor.kill()
    await supervisor.wait()
    await until(lambda: all(gone(pid) for pid in pids))


def test_a_program_started_by_hand_has_no_lifeline() -> None:
    done = subprocess.run([sys.executable, "-c", READY + "tell_ready(); print('fine')"], capture_output=True, text=True)
    assert done.stdout == "fine\n"
