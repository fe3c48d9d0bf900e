"""What `stepglass up` prints: short lines with the name of who speaks, the rest goes to the log files.

A line of JSON is shown when it is an INFO or worse and not an everyday one. Anything else that a process writes,
tracebacks for instance, is in its file only; the supervisor quotes it when the process dies of it.
"""

import json
import time
from pathlib import Path
from typing import Any, TextIO, cast

from rich.text import Text

from cli._logfile import LogFile
from cli._terminal import Terminal

COLOURS = {"postgres": "magenta", "demo": "yellow", "api": "cyan", "worker": "green", "prefect": "blue"}
LEVELS = {"info": "", "warning": "yellow", "error": "red", "critical": "bold red"}
# What these have to say to an operator is in Prefect's page.
QUIET = {"deployments", "prefect"}
# Seconds for which the same words of the same process are not said again.
REPEAT = 30.0
# Kept in the file, too much for the eye.
UNSEEN = {"timestamp", "level", "logger", "event", "exception", "stack", "request_id", "tenant"}
WIDTH = 12


class LastingTerminal(Terminal):
    """Rich would end the process where whoever reads us is gone, such as `tee`; ours has a database to stop first."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class Screen:
    """Prints for people, keeps everything in `<folder>/<name>.log`."""

    def __init__(self, folder: Path, *, file: TextIO | None = None) -> None:
        self._console = LastingTerminal(file=file)
        self._folder = folder
        self._files: dict[str, LogFile] = {}
        self._said: dict[tuple[str, str], float] = {}
        self.busy = False  # while the stack starts and stops, only what went wrong is shown

    def say(self, name: str, text: str, style: str = "") -> None:
        """A line of `name`'s."""
        who = Text(f"{name:<{WIDTH}}", style=COLOURS.get(name, "dim"))
        self._print(who + Text(text, style=style))

    def line(self, text: str = "", style: str = "") -> None:
        """A line of our own."""
        self._print(Text(text, style=style))

    def output(self, name: str, line: bytes) -> None:
        """What a process wrote."""
        if name not in self._files:
            self._files[name] = LogFile(self._folder / f"{name}.log")
        self._files[name].write(line)
        entry = entry_in(line)
        if entry and name not in QUIET and matters(entry, busy=self.busy):
            self._once_in_a_while(name, sentence(entry), LEVELS[level_of(entry)])

    def _once_in_a_while(self, name: str, text: str, style: str) -> None:
        now = time.monotonic()
        self._said = {said: at for said, at in self._said.items() if now - at < REPEAT}
        if (name, text) not in self._said:
            self._said[name, text] = now
            self.say(name, text, style)

    def settled(self) -> None:
        """The stack has started: from now on everyday news is shown as well."""
        self.busy = False

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def _print(self, text: Text) -> None:
        try:
            self._console.print(text, soft_wrap=True)
        except OSError:
            return  # The terminal was closed. We are about to be told so by SIGHUP, and must stop in good order.


def entry_in(line: bytes) -> dict[str, Any] | None:
    """The log entry that a line of JSON holds, if it does."""
    if not line.startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) and "event" in found else None


def level_of(entry: dict[str, Any]) -> str:
    return str(entry.get("level", "")).lower()


def matters(entry: dict[str, Any], *, busy: bool) -> bool:
    """Is it for the eye? Of libraries only their errors are, and of Prefect, who calls a cancelled run one, nothing."""
    level, logger = level_of(entry), str(entry.get("logger", ""))
    if level not in LEVELS or logger.startswith("prefect"):
        return False
    if not logger.startswith("stepglass"):
        return level in ("error", "critical")
    # Requests that went well are many.
    return level != "info" or not (busy or entry["event"] == "request")


def sentence(entry: dict[str, Any]) -> str:
    """The event and what belongs to it, on one line."""
    rest = [f"{key}={value}" for key, value in entry.items() if key not in UNSEEN and value is not None]
    words = " ".join([str(entry["event"]), *rest])
    cause = str(entry.get("exception", "")).strip().splitlines()
    return " ".join(f"{words} ({cause[-1]})".split()) if cause else " ".join(words.split())
