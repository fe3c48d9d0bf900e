"""What is looked at before anything is started, and what is shown of it."""

import asyncio
import io
import json
import os
import socket
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from cli._logfile import LogFile
from cli._only_one import AlreadyUp, only_one
from cli._ports import Port, PortTaken, any_free, check
from cli._prefect import for_sqlalchemy
from cli._probe import status_of
from cli._reload import changes
from cli._screen import Screen
from cli._stack import wanted_ports
from cli._words import about, dollars, seconds
from hosts import from_here
from settings import Settings


@pytest.mark.parametrize("listens", ["127.0.0.1", "::1"])
async def test_a_server_is_asked_at_the_address_that_reaches_it(listens: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    try:
        server = await asyncio.start_server(answer, listens, 0)
    except OSError:
        pytest.skip(f"this machine has no {listens}")
    async with server:
        assert await status_of(from_here(listens), server.sockets[0].getsockname()[1], "/") == 204


def test_a_taken_port_is_named_with_the_setting_that_changes_it() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        number = server.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            check(
                [Port("127.0.0.1", any_free(), "STEPGLASS_PORT"), Port("127.0.0.1", number, "STEPGLASS_PREFECT_PORT")]
            )
    assert str(caught.value) == f"Port {number} is taken. Set STEPGLASS_PREFECT_PORT to another one."


def test_a_port_that_is_wanted_twice_is_named_once_with_both_settings() -> None:
    number = any_free()
    with pytest.raises(PortTaken) as caught:
        check([Port("127.0.0.1", number, "STEPGLASS_PORT"), Port("127.0.0.1", number, "STEPGLASS_PREFECT_PORT")])
    sentence = f"STEPGLASS_PORT and STEPGLASS_PREFECT_PORT are both {number}. Set one of them to another port."
    assert str(caught.value) == sentence


def test_an_address_of_another_machine_is_said_to_be_the_trouble() -> None:
    with pytest.raises(PortTaken, match="on 192.0.2.1 cannot be had"):
        check([Port("192.0.2.1", any_free(), "STEPGLASS_PORT")])


def test_free_ports_are_no_trouble() -> None:
    check([Port("127.0.0.1", any_free(), "STEPGLASS_PORT")])


def test_the_ports_of_what_somebody_else_runs_are_not_ours_to_check() -> None:
    ours = Settings(port=8001, prefect_port=4201)
    theirs = Settings(port=8001, prefect_api_url="http://prefect.test/api", openai_base_url="http://m.test/v1")
    assert [port.number for port in wanted_ports(ours)] == [8001, 4201]
    assert [port.number for port in wanted_ports(theirs)] == [8001]


def test_a_second_stack_on_the_same_data_is_refused_with_the_reason(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(AlreadyUp, match="up already .* STEPGLASS_DATA_DIR"), only_one(tmp_path):
        pass
    with only_one(tmp_path), only_one(tmp_path / "other"):
        pass


def test_a_log_file_keeps_what_is_new_and_one_generation_before(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "logs" / "api.log", limit=20)
    for number in range(6):
        log.write(b"line %d" % number)
    log.close()
    assert (tmp_path / "logs" / "api.log.1").read_text() == "line 2\nline 3\n"
    assert log.path.read_text() == "line 4\nline 5\n"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_l2_logs_are_for_their_user_alone_whatever_the_umask_and_whoever_made_them(tmp_path: Path, umask: int) -> None:
    old = tmp_path / "old" / "api.log"
    old.parent.mkdir(mode=0o755)
    old.touch(0o644)
    before = os.umask(umask)
    try:
        logs = [LogFile(path, limit=8) for path in (old, tmp_path / "new" / "api.log")]
        for log in logs:
            log.write(b"first")
            log.write(b"second")
            log.close()
    finally:
        os.umask(before)
    modes = {path.relative_to(tmp_path).as_posix(): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    files = {f"{folder}/{name}": 0o600 for folder in ("old", "new") for name in ("api.log", "api.log.1")}
    assert modes == {"old": 0o700, "new": 0o700, **files}


def test_l2_a_data_directory_that_others_could_read_is_closed_and_that_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    said: list[str] = []
    with only_one(tmp_path, said.append):
        assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert len(said) == 1 and "closed to them now" in said[0]


@pytest.fixture
def shown(tmp_path: Path) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(tmp_path, file=out), out


def test_the_terminal_shows_what_matters_and_the_file_has_it_all(
    shown: tuple[Screen, io.StringIO], tmp_path: Path
) -> None:
    screen, out = shown
    lines: list[dict[str, object]] = [
        {"event": "run accepted", "level": "info", "logger": "stepglass.api", "run": "0193", "request_id": "r"},
        {"event": "request", "level": "info", "logger": "stepglass.api", "status": 200},
        {"event": "connected", "level": "info", "logger": "somelibrary"},
        {"event": "details", "level": "debug", "logger": "stepglass.api"},
        {"event": "lost", "level": "error", "logger": "x", "exception": "Traceback …\nOSError: gone"},
    ]
    for line in lines:
        screen.output("api", json.dumps(line).encode())
    screen.output("api", b"Traceback (most recent call last):")
    screen.close()
    assert out.getvalue().splitlines() == [
        "api         run accepted run=0193",
        "api         lost (OSError: gone)",
    ]
    assert len((tmp_path / "api.log").read_text().splitlines()) == 6


def test_what_is_said_over_and_over_is_shown_once(shown: tuple[Screen, io.StringIO]) -> None:
    screen, out = shown
    for name in ("api", "api", "worker"):
        screen.output(name, b'{"event": "no store", "level": "warning", "logger": "stepglass.store"}')
    screen.close()
    assert out.getvalue().splitlines() == ["api         no store", "worker      no store"]


def test_while_the_stack_starts_only_trouble_is_shown(shown: tuple[Screen, io.StringIO]) -> None:
    screen, out = shown
    screen.busy = True
    screen.output("worker", b'{"event": "ready", "level": "info", "logger": "stepglass.worker"}')
    screen.output("worker", b'{"event": "no store", "level": "warning", "logger": "stepglass.worker"}')
    screen.close()
    assert out.getvalue() == "worker      no store\n"


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), BrokenPipeError(32, "Broken pipe")])
def test_a_terminal_or_a_reader_that_is_gone_stops_nobody(tmp_path: Path, error: OSError) -> None:
    class Closed(io.StringIO):
        def write(self, s: str, /) -> int:
            raise error

    screen = Screen(tmp_path, file=Closed())
    screen.say("api", "ready")
    screen.line("Stopping.")


@pytest.mark.parametrize(
    ("ours", "prefects"),
    [
        (
            "postgresql://postgres@/stepglass?host=/tmp/a b",
            "postgresql+asyncpg://postgres@/stepglass?host=%2Ftmp%2Fa+b",
        ),
        (
            "postgres://u:p%40ss@db.test:5433/x?sslmode=require",
            "postgresql+asyncpg://u:p%40ss@db.test:5433/x?ssl=require",
        ),
        ("postgresql:///x?host=%2Frun", "postgresql+asyncpg:///x?host=%2Frun"),
    ],
)
def test_prefect_gets_our_database_in_its_own_words(ours: str, prefects: str) -> None:
    assert for_sqlalchemy(ours) == prefects


async def test_a_change_of_our_code_is_noticed_once(tmp_path: Path) -> None:
    room = anyio.Path(tmp_path / "api")
    await room.mkdir()
    seen = changes(tmp_path, look=0.01)
    waiting = asyncio.ensure_future(anext(seen))
    while not waiting.done():  # The first look may come after a change.
        await (room / "app.py").write_text(uuid4().hex)
        await asyncio.wait([waiting], timeout=0.1)
    assert await waiting == [tmp_path / "api" / "app.py"]
    await seen.aclose()


@pytest.mark.parametrize(
    ("value", "words"), [(0.44, "0.4 s"), (59.9, "59.9 s"), (59.96, "1:00 min"), (65, "1:05 min"), (3723, "1:02:03 h")]
)
def test_durations_read_well(value: float, words: str) -> None:
    assert seconds(value) == words


def test_guesses_and_money_are_not_more_exact_than_they_are() -> None:
    assert [about(value) for value in (0.2, 12.4, 61, 88)] == ["1 s", "12 s", "1:00 min", "1:30 min"]
    assert [dollars(value) for value in (0, 0.00312, 0.25, 12.5)] == ["$0", "$0.0031", "$0.25", "$12.50"]
