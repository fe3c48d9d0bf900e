"""What the processes of the stack know of each other."""

import os
import subprocess
import sys
from pathlib import Path

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


def test_l2_whatever_a_process_of_the_stack_makes_is_for_its_user_alone(tmp_path: Path):
    make = "import sys; from pathlib import Path; from settings import Settings; from cli._children import become; "
    make += "become('test', Settings()); path = Path(sys.argv[1]); path.mkdir(); (path / 'file').touch()"

    assert subprocess.run([sys.executable, "-c", make, tmp_path / "made"], timeout=50, umask=0).returncode == 0

    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "made", tmp_path / "made" / "file")] == [0o700, 0o600]


def test_who_asks_lives():
    assert lives(os.getpid())


def test_a_process_that_is_to_leave_does_so_though_a_library_holds_its_exit_up():
    held_up = "import atexit, threading; from cli._children import leave; "
    held_up += "atexit.register(threading.Event().wait); leave(7, within=0.1)"

    assert subprocess.run([sys.executable, "-c", held_up], timeout=50).returncode == 7
