"""What the processes of the stack know of each other."""

import os
import subprocess
import sys

from cli._children import lives


def test_a_process_that_died_and_that_nobody_has_reaped_does_not_live():
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", "pass"], {})
    try:
        # Waits for its end without reaping it: it stays in the table of processes, and takes signals.
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        os.kill(child, 0)

        assert not lives(child)
    finally:
        os.waitpid(child, 0)
    assert not lives(child)


def test_who_asks_lives():
    assert lives(os.getpid())


def test_a_process_that_is_to_leave_does_so_though_a_library_holds_its_exit_up():
    held_up = "import atexit, threading; from cli._children import leave; "
    held_up += "atexit.register(threading.Event().wait); leave(7, within=0.1)"

    assert subprocess.run([sys.executable, "-c", held_up], timeout=50).returncode == 7
