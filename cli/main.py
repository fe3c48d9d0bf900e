"""The command `stepglass`."""

import sys

from cli._lifeline import hold


def main() -> None:
    hold()
    from cli.up import up
    from settings import Settings

    if sys.argv[1] == "up":
        sys.exit(up(Settings()))
    from cli._children import run

    sys.exit(run(sys.argv[1], Settings()))
