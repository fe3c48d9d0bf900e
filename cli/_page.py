"""The page as its developers want it: Vite's server, which shows a change of the sources in the browser at once.

Only where there are sources, and only for `make dev`; everybody else gets the built page from the API.
"""

import os
import subprocess
import sys
from pathlib import Path

from setproctitle import setproctitle

from cli._environment import environment_of
from cli._lifeline import hold
from cli._part import Part
from cli._ports import Port, any_free, complaint
from cli._probe import answers
from hosts import from_here
from settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "web" / "vite.config.ts"
HERE = "127.0.0.1"
# Vite's own. A browser keeps what it stores by port, so the same one is taken as long as it is free.
PORT = 5173


def choose() -> int:
    return any_free() if complaint(Port(HERE, PORT, "")) else PORT


def part(port: int, settings: Settings) -> Part:
    """Vite on `port`; what begins with /api it asks of the API."""
    command = (sys.executable, "-P", "-m", "cli._page", str(port))
    env = environment_of("page", os.environ) | {"STEPGLASS_URL": f"http://{from_here(settings.host)}:{settings.port}"}
    return Part("page", command, env=env, probe=answers(HERE, port, "/"))


def serve(port: int) -> int:
    """Until it ends; gives the exit code. Installs Node.js and what the page needs, if need be."""
    npm = (sys.executable, str(ROOT / "scripts" / "npm.py"))
    return subprocess.call([*npm, "run", "dev", "--", "--host", HERE, "--port", str(port), "--strictPort"])


if __name__ == "__main__":
    hold()
    setproctitle("stepglass page")
    sys.exit(serve(int(sys.argv[1])))
