"""The line between `stepglass up` and each process that it starts: tells it that we are ready, and us that it is gone.

A socket that both ends hold. The kernel closes the supervisor's end when the supervisor dies, however it dies; the
child notices and stops as if it had been asked to, so that a `kill -9` leaves nothing behind.
"""

import os
import signal
import socket
import threading
import time

VARIABLE = "STEPGLASS_LIFELINE"
# Seconds that a process gets to stop in good order after its supervisor has died.
GRACE = 5.0

_line: socket.socket | None = None


def hold() -> None:
    """In a child, first of all: watch the line, if there is one."""
    global _line
    number = os.environ.pop(VARIABLE, None)
    if number is None:
        return  # Started by hand.
    _line = socket.socket(fileno=int(number))
    # Ours alone: a process that we start must not keep it.
    _line.set_inheritable(False)
    threading.Thread(target=_watch, args=(_line,), name="lifeline", daemon=True).start()


def tell_ready(where: str = "") -> None:
    """In a child: it can be used now, and `where`. Nothing happens without a supervisor."""
    if _line is not None:
        try:
            _line.sendall(where.encode() + b"\n")
        except OSError:
            pass  # The supervisor has just died, which the watch sees as well.


def _watch(line: socket.socket) -> None:
    try:
        while line.recv(1):
            continue
    except OSError:
        pass  # A reset is an end, too.
    # The group is of our own session, made by the supervisor: this process and all that it started.
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)
