"""A process that has everything loaded and starts others as copies of itself: real ones, which begin within a blink.

    python -m tests.faults.nursery

An order is a line of JSON on its standard input: `{"part": "worker", "env": {...}, "output": path, "diary": path,
"crash_at": "name:n" or null, "set": {"module:NAME": value}, "plant": "module:function" or null}`. For each it says
`{"pid": …}`, and for each that ended `{"pid": …, "code": …}` (negative: the signal). When its input ends, so do all.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.faults import points


def load() -> None:
    """Everything that a part needs is imported before the first copy is made."""
    from flows import _prefect_env

    if _prefect_env.apply(os.environ.get("PREFECT_API_URL")):
        from flows import _operators

        assert _operators
    for module in ("api.serve", "cli._children", "cli.vacuum", "flows.process", "llm.openai", "setproctitle"):
        importlib.import_module(module)
    from flows.catalogue import CATALOGUE
    from tests.faults.shapes import shapes

    CATALOGUE[shapes.name] = shapes
    from llm import openai

    openai._certificates()  # pyright: ignore[reportPrivateUsage] # read once for all copies
    points.install()


def hurry() -> None:
    """What is done for operators every few seconds is done at once."""
    from events import runs
    from flows import _cancelling, _owed

    runs.TOLD_WITHIN = timedelta(seconds=1)
    _owed.pay.__defaults__ = _cancelling.heed.__defaults__ = (0.2,)


def be(order: Mapping[str, Any]) -> int:
    """In a copy: become the part, as `python -m cli._children` does it."""
    os.environ.clear()
    os.environ.update(order["env"])
    for name, value in order["set"].items():
        module, _, attribute = name.partition(":")
        setattr(importlib.import_module(module), attribute, value)
    if order["plant"]:
        module, _, function = order["plant"].partition(":")
        getattr(importlib.import_module(module), function)()
    points.begin(order["crash_at"], Path(order["diary"]))
    from cli import _children
    from cli.vacuum import vacuum
    from settings import Settings

    if order["part"] == "vacuum":
        return vacuum(Settings(), dry_run=False)
    return _children.run(order["part"], Settings())


def start(order: Mapping[str, Any]) -> int:
    """A copy of this process that does what the order says. Gives its id."""
    if pid := os.fork():
        return pid
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setpgid(0, 0)
        nothing, output = os.open(os.devnull, os.O_RDONLY), os.open(order["output"], os.O_WRONLY | os.O_CREAT, 0o600)
        for number, old in ((0, nothing), (1, output), (2, output)):
            os.dup2(old, number)
        code = be(order)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def say(**words: int) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def reap(children: set[int]) -> None:
    """Tell of those that ended."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        children.discard(pid)
        say(pid=pid, code=os.waitstatus_to_exitcode(status))


def serve() -> None:
    children: set[int] = set()
    ended, ending = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(ending)
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin.fileno(), selectors.EVENT_READ)
    waiting.register(ended, selectors.EVENT_READ)
    rest = b""
    while True:
        for key, _ in waiting.select():
            if key.fd == ended:
                os.read(ended, 4096)
                reap(children)
                continue
            piece = os.read(key.fd, 65536)
            if not piece:
                return end(children)
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                children.add(pid := start(json.loads(line)))
                say(pid=pid)


def end(children: set[int]) -> None:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    load()
    assert threading.active_count() == 1, f"a copy has one thread: {threading.enumerate()}"
    gc.freeze()  # so that the copies share what will not change
    say(pid=os.getpid())
    serve()
