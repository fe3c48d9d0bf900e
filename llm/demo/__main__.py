"""`python -m llm.demo --port 8800 --speed 1`: the demo model as a process of its own."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llm.demo.server import serve


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal ends it. Each call is a line of JSON on standard output, or in a file."""
    parser = argparse.ArgumentParser(prog="python -m llm.demo", description=sys.modules["llm.demo"].__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8800, help="port to listen on (%(default)s)")
    parser.add_argument("--speed", type=_speed, default=1.0, help="2 is twice as fast, 0 does not wait (%(default)s)")
    parser.add_argument("--calls", type=Path, help="file to which each call is added as a line of JSON")
    given = parser.parse_args(arguments)
    with open(given.calls, "a", buffering=1, encoding="utf-8") if given.calls else sys.stdout as file:

        def log(call: dict[str, Any]) -> None:
            file.write(json.dumps(call) + "\n")
            file.flush()

        serve(host=given.host, port=given.port, speed=given.speed, log=log)


def _speed(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1000:
        raise argparse.ArgumentTypeError("expected a number from 0 to 1000")
    return value


if __name__ == "__main__":
    main()
