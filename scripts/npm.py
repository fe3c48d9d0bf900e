"""npm in web/, where there may be neither a Node.js nor node_modules yet: `python scripts/npm.py run check`."""

import os
import sys

from _modules import node_modules
from _node import WEB, environment, npm


def main(arguments: list[str]) -> None:
    node_modules()
    os.chdir(WEB)
    command = [npm(), *arguments]
    sys.stdout.flush()
    os.execve(command[0], command, environment())


if __name__ == "__main__":
    main(sys.argv[1:])
