"""The model of the kills: a process of its own that nobody kills, and that keeps account of every call.

    python -m tests.faults.kills_model PORT ACCOUNT EVERY LENGTH

The answers are the demo model's, in a piece every EVERY seconds; with a LENGTH of 2 they take twice as long. The
account is a file of JSON lines, one when a call comes in and one when it is over, so that what was paid for can be
compared with what the logs of the runs say. In every fifth run the model fails at times, never so often that a step
would have to give up.
"""

import asyncio
import json
import signal
import sys
import time
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote

from llm.demo.answer import answer
from llm.demo.asked import read
from tests.scripted_model import LoggedCall, scripted_model
from tests.scripted_replies import Reply, error, garbled, pause, rate_limited, said

SECONDS = {"framework": 6.0, "one_pager": 5.0, "qa": 4.0, "scoring": 3.5, "brief": 5.0, "validation": 3.0}
"""How long an answer takes, about a third of what a real model would. A run is then some fifteen seconds long."""
FIRST = 0.4


def now_ms() -> int:
    return int(time.time() * 1000)


class Account:
    """Every call, and how it ended. A line is on its way to the disk before the call is answered."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._numbers = file, count(1)
        self._watching: set[asyncio.Task[None]] = set()

    def begin(self, call: LoggedCall, labels: dict[str, str]) -> None:
        number = next(self._numbers)
        told = {"run": call.run, "step": call.step, "attempt": call.attempt, "lane": call.lane, "path": path_of(labels)}
        self._write({"call": number, "at_ms": now_ms(), **told})
        task = asyncio.create_task(self._end(number, call))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _end(self, number: int, call: LoggedCall) -> None:
        await call.over.wait()
        self._write({"over": number, "at_ms": now_ms(), "heard": call.disconnected is None})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def path_of(labels: dict[str, str]) -> str | None:
    """The part of the result that the call is for, where its checkpoint is known by its lane."""
    match labels.get("step"), labels.get("lane"):
        case "scoring", str(lane):
            return f"/scores/{lane}"
        case "brief", str(lane):
            return f"/{lane}"
        case _:
            return None


def labels_of(call: LoggedCall) -> dict[str, str]:
    pairs = (pair.strip().partition("=") for pair in call.headers.get("stepglass-call", "").split(";"))
    return {name: unquote(value) for name, _, value in pairs}


def reply_to(call: LoggedCall, every: float, length: float) -> Reply:
    """A good answer, in time; or, in some runs and for the first attempts alone, a bad one."""
    text = answer(read(call.body["messages"], call.body.get("response_format")))
    seconds = length * SECONDS.get(call.step or "", 3.0)
    pieces = list(in_pieces(text, max(1, round(seconds / every))))
    whole = said(*pieces)
    first, *rest = whole.moves
    # No pause before the last ones: a client that has heard the end does not wait for more.
    text_moves, end = rest[: len(pieces)], rest[len(pieces) :]
    moves = [first, pause(FIRST), *(each for move in text_moves for each in (move, pause(every))), *end]
    fault = fault_of(call)
    if fault is None:
        return Reply(moves)
    middle = len(moves) // 2
    match fault:
        case 0:
            return error(500, "The server had an error")
        case 1:
            return rate_limited(retry_after="1")
        case 2:
            return Reply(moves).then("cut", after=middle)
        case 3:
            return Reply(moves).then("reset", after=middle)
        case _:
            return garbled(*pieces[:5])


def fault_of(call: LoggedCall) -> int | None:
    """In one of five runs one of three calls fails; no third attempt ever does."""
    if call.attempt > 2 or call.run is None or zlib.crc32(call.run.encode()) % 5:
        return None
    lot = zlib.crc32(f"{call.run} {call.step} {call.lane} {call.attempt}".encode())
    return lot // 3 % 5 if lot % 3 == 0 else None


def in_pieces(text: str, number: int) -> Iterator[str]:
    size = max(1, -(-len(text) // number))
    return (text[at : at + size] for at in range(0, len(text), size))


async def serve(port: int, account: Path, every: float, length: float) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    with account.open("a") as file:
        kept = Account(file)

        def answering(call: LoggedCall) -> Reply:
            kept.begin(call, labels_of(call))
            return reply_to(call, every, length)

        async with scripted_model(port) as server:
            server.reply_to = answering
            await stopping.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
