#!/bin/sh
# Prefect 3.8.8: importing it resets the levels of its loggers that an application has set before.
#
# Guess before: `logging.getLogger("prefect.flows").setLevel(logging.CRITICAL)` in an application's own logging setup
# lasts; Prefect configures its logging with `disable_existing_loggers: false`.
# Seen: after `from prefect import Flow` the level of prefect.flows is NOTSET again, and it logs. At ERROR that logger writes the
# whole input of a flow whose parameters do not validate, so that an application which silences it first still has the
# input in its log. A level set after the import lasts, and so does a filter on the application's own handler.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check prefect==3.8.8 fastapi==0.150.0 'sqlalchemy[asyncio]==2.0.58'
PREFECT_HOME="$folder/home" "$folder/venv/bin/python" - <<'PYTHON'
import logging

logger = logging.getLogger("prefect.flows")
logger.setLevel(logging.CRITICAL)
before = logger.level

import prefect  # noqa: E402
from prefect import Flow  # noqa: E402

after = logger.level
logger.setLevel(logging.CRITICAL)
Flow(fn=lambda: None, name="a flow")
found = {"before": before, "after the import": after, "set again": logger.level}
print(f"Prefect {prefect.__version__}, level of prefect.flows:", found)
if found != {"before": 50, "after the import": 0, "set again": 50}:
    raise SystemExit("This has changed.")
PYTHON
