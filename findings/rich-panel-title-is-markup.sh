#!/bin/sh
# Rich 15.0.0: `Console(markup=False)` does not keep the title of a panel from being read as markup.
#
# Guess before: with `markup=False` (and `highlight=False`) a console shows every `str` as it is.
# Seen: the body of a panel, a string, is shown as it is; its title, a string too, goes through `Text.from_markup`, so
# that words in square brackets disappear from it. Only a `Text` is shown as it is in both places.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rich==15.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import io

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

NAME = "[bold] Bakery"


def shown(title):
    console = Console(file=io.StringIO(), markup=False, highlight=False, width=40)
    console.print(Panel(NAME, title=title))
    first, body, *_ = console.file.getvalue().splitlines()
    return NAME in first, NAME in body


found = {"str": shown(NAME), "Text": shown(Text(NAME))}
print("Rich 15.0.0, whole in (title, body):", found)
if found != {"str": (False, True), "Text": (True, True)}:
    raise SystemExit("This has changed.")
PYTHON
