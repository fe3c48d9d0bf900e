"""What the processes of the stack know of each other."""

import os
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
