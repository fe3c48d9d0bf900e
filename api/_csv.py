"""CSV for spreadsheets (RFC 4180, UTF-8), in which no text is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from events.text import one_line

CSV_TYPE = "text/csv"
# Without it Excel takes UTF-8 for the code page of the machine.
BOM = "\ufeff"
# The first character of a formula, in full width too. Where the decimal separator is a comma, spreadsheets divide cells
# at semicolons, and then a quote inside a text may open a cell. Tabs are blanks by then (`one_line`).
FORMULA = re.compile('(^|[;,])([" ]*[=+\\-@\uff1d\uff0b\uff0d\uff20])')

Cell = str | int | float | bool | None


def cell(value: Cell) -> str | int | float:
    """The border to a spreadsheet: an apostrophe before a text that looks like a formula makes it a text. Texts are on
    one line; numbers stay numbers."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case str():
            return FORMULA.sub(r"\1'\2", one_line(value))


def rows(of: Iterable[Sequence[Cell]]) -> bytes:
    """Lines of CSV. Every text is quoted."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerows([cell(each) for each in row] for row in of)
    return out.getvalue().encode()
