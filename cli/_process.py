"""One process of the stack, kept alive: started, watched, started again when it dies, stopped when it is time."""

import asyncio
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from cli._lifeline import VARIABLE
from cli._part import Backoff, DoesNotStart, Part, ending

# Seconds between two looks at whether a process that was just started can be used.
LOOK = 0.05
# Seconds that a keeper has when everything is to end at once.
HURRY = 3.0


class Process:
    """A `Part` that runs. `say(name, text)` is for people; `output(name, line)` gets each line that it writes."""

    attempts = 3

    def __init__(
        self,
        part: Part,
        *,
        say: Callable[[str, str], None],
        output: Callable[[str, bytes], None],
        backoff: Backoff | None = None,
    ) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self.where = ""  # what it said of itself when it became ready
        self.last_words: deque[str] = deque(maxlen=12)
        self._say = say
        self._output = output
        self._backoff = backoff or Backoff()
        self._stopping = asyncio.Event()
        self._again = asyncio.Event()
        self._child: asyncio.subprocess.Process | None = None
        self._gave_up = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.returncode is None else None

    async def keep(self) -> None:
        """Run it until `stop`, starting it again whenever it ends."""
        delay = self._backoff.first
        deaths, again = 0, False
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._once(again=again)
            again = True
            if self._stopping.is_set():
                return
            if self._again.is_set():
                self._again.clear()
                continue
            deaths += 1
            if not self.ready.is_set() and deaths >= self.attempts:
                self._gave_up.set()
            if time.monotonic() - started >= self._backoff.healthy:
                delay = self._backoff.first
            self._say(self.part.name, f"{ending(code, self.last_words)} Starting it again in {delay:g} s.")
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stopping.wait()
            delay = min(delay * 2, self._backoff.cap)

    async def until_ready(self) -> None:
        """Returns when it can be used for the first time. Raises `DoesNotStart` after `attempts` deaths before that."""
        waits = [asyncio.create_task(event.wait()) for event in (self.ready, self._gave_up)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        if not self.ready.is_set():
            raise DoesNotStart(self.part, list(self.last_words))

    async def stop(self, grace: float) -> None:
        """Ask it to end, wait `grace` seconds, then kill it. Nothing of its group is left."""
        self._stopping.set()
        await self._end(grace)

    async def restart(self, grace: float) -> None:
        """Stop it and start it at once: its code has changed. One that waits to be started again is left to that."""
        if self.pid is not None:
            self._again.set()
            await self._end(grace)

    def kill(self) -> None:
        """End it now, with all that it started."""
        self._stopping.set()
        if self.part.keeper and self._child is not None and self.pid is not None:
            self._child.terminate()
            asyncio.get_running_loop().call_later(HURRY, lambda: self.pid and self._kill_group())
        else:
            self._kill_group()

    async def _end(self, grace: float) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        with suppress(ProcessLookupError):
            child.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await child.wait()
        except TimeoutError:
            self._say(self.part.name, f"did not stop within {grace:g} s and was killed.")
            self._kill_group()
            await child.wait()

    def _kill_group(self) -> None:
        if self._child is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)

    async def _once(self, *, again: bool) -> int:
        """From start to end; gives the exit code."""
        ours, theirs = socket.socketpair()
        output, write_end = os.pipe()
        with ours, theirs:
            try:
                self._child = await asyncio.create_subprocess_exec(
                    *self.part.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=write_end,
                    stderr=write_end,
                    env={**self.part.env, VARIABLE: str(theirs.fileno())},
                    pass_fds=(theirs.fileno(),),
                    # Its own session: the terminal's Ctrl-C is for the supervisor alone, who stops all in order.
                    start_new_session=True,
                )
            finally:
                os.close(write_end)
            theirs.close()
            ours.setblocking(False)
            if self._stopping.is_set():
                self._kill_group()  # Stopped while it was being made.
            try:
                async with asyncio.TaskGroup() as group:
                    reading = group.create_task(self._read(output))
                    watching = group.create_task(self._watch(ours, again=again))
                    code = await self._child.wait()
                    # What it started may hold the pipe open, so the end of the output is not waited for for long.
                    self._kill_group()
                    await asyncio.wait([reading], timeout=0.5)
                    reading.cancel()
                    watching.cancel()
            finally:
                self._kill_group()
                await self._child.wait()
        return code

    async def _watch(self, line: socket.socket, *, again: bool) -> None:
        """Sets `ready` when it can be used."""
        if self.part.probe is None:
            said = await _first_line(line)
            if said is None:
                return
            self.where = said
        else:
            while not await self.part.probe():  # noqa: ASYNC110 it is another process: there is no event to wait for
                await asyncio.sleep(LOOK)
        if again:
            self._say(self.part.name, "is back.")
        self.ready.set()

    async def _read(self, output: int) -> None:
        """Pass on each line that it writes, until all that hold the pipe have closed it."""
        reader = asyncio.StreamReader()
        pipe = os.fdopen(output, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        rest = b""
        try:
            while piece := await reader.read(65536):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._line(line)
        finally:
            if rest:
                self._line(rest)
            transport.close()

    def _line(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if text:
            self.last_words.append(text)
            self._output(self.part.name, line.rstrip())


async def _first_line(line: socket.socket) -> str | None:
    """What comes over the lifeline up to a line end; None when the process dies before that."""
    said = b""
    while not said.endswith(b"\n"):
        try:
            piece = await asyncio.get_running_loop().sock_recv(line, 4096)
        except OSError:
            return None
        if not piece:
            return None
        said += piece
    return said.decode().strip()
