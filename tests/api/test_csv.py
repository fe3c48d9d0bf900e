"""The results of a batch for a spreadsheet: its rows, that no cell is a formula, and what the file is called."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient, Response

from api._csv import Cell, cell, rows
from api.batch_results import COLUMNS
from api.headers import attachment, file_name
from events.store import Store
from tests.api.batching import carried, done
from tests.api.conftest import problem
from tests.api.editing import DOCUMENT
from tests.histories import PROBLEM
from tests.vision import ONE_PAGER, QA

CSV = {"Accept": "text/csv"}
WHOLE: dict[str, Any] = {
    **DOCUMENT,
    "brief": {"founder_brief": "# The company", "investor_summary": "Power."},
    "one_pager": {"markdown": ONE_PAGER, "words": 330},
    "qa": QA,
    "metadata": {
        "models_used": ["m"],
        "generated_at": "2026-11-20T12:00:00Z",
        "duration_ms": 4000,
        "cost": {"total_usd": 0.01, "input_tokens": 100, "output_tokens": 20},
    },
}


def table_of(answer: Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_csv_has_a_row_for_every_item_that_has_ended(client: AsyncClient, store: Store) -> None:
    batch = await carried(store, "a", "b", "c", "d")
    one = await batch.completes("a", WHOLE)
    other = await batch.fails("b")
    await batch.tells("c", None, "cancelled")

    answer = await client.get(f"/api/batches/{batch.id}/results", headers=CSV)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf"), "Excel knows UTF-8 by it"
    found = table_of(answer)
    assert tuple(found[0]) == COLUMNS
    nothing = dict.fromkeys(COLUMNS, "")
    assert found[0] == {
        **nothing,
        "key": "a",
        "run_id": str(one),
        "status": "complete",
        "skipped": "false",
        "title": "a",
        "headline": "Score 8.2 of 10, QA 8 of 10, in 4 s",
        "cost_usd": "0.01",
        "duration_s": "0.04",
    }
    failed = {"error": PROBLEM.title, "error_detail": PROBLEM.detail, "failed_step": "qa"}
    assert found[1] == {**found[1], "key": "b", "run_id": str(other), "status": "error", "cost_usd": "", **failed}
    assert found[2] == {**nothing, "key": "c", "status": "cancelled", "skipped": "false"}
    assert len(found) == 3


async def test_csv_says_of_a_removed_run_that_it_is_gone(client: AsyncClient, store: Store) -> None:
    batch = await carried(store, "a")
    await batch.tells("a", uuid4(), "complete", skipped=True)

    (row,) = table_of(await client.get(f"/api/batches/{batch.id}/results", headers=CSV))

    assert (row["status"], row["skipped"], row["error"]) == ("complete", "true", "The run is gone")


async def test_csv_has_no_headline_for_the_result_of_another_version(client: AsyncClient, store: Store) -> None:
    batch_id = await done(store, "a")

    (row,) = table_of(await client.get(f"/api/batches/{batch_id}/results", headers=CSV))

    assert (row["status"], row["headline"]) == ("complete", "")


async def test_csv_is_read_some_rows_at_a_time(
    client: AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = await done(store, *(f"k{number}" for number in range(120)))
    asked: list[int] = []
    known = store.outcomes.views

    async def counted(run_ids: Any, tenant: str) -> Any:
        asked.append(len(run_ids))
        return await known(run_ids, tenant)

    monkeypatch.setattr(store.outcomes, "views", counted)
    found = table_of(await client.get(f"/api/batches/{batch_id}/results", headers=CSV))

    assert [each["key"] for each in found] == [f"k{number}" for number in range(120)]
    assert asked == [50, 50, 20]


async def test_csv_of_a_batch_without_results_has_its_columns(client: AsyncClient, store: Store) -> None:
    batch = await carried(store, "a")

    answer = await client.get(f"/api/batches/{batch.id}/results", headers=CSV)

    assert answer.text.removeprefix("\ufeff") == ",".join(f'"{name}"' for name in COLUMNS) + "\r\n"


async def test_what_is_neither_csv_nor_lines_is_not_to_be_had(client: AsyncClient, store: Store) -> None:
    batch_id = await done(store, "a")

    answer = await client.get(f"/api/batches/{batch_id}/results", headers={"Accept": "application/pdf"})

    assert problem(answer) == (406, "not-acceptable")
    assert "application/x-ndjson or text/csv" in answer.json()["detail"]


SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BEFORE = ("", "\t", "\r", "\n", " ", '"', ' "" ', "a;", "a; ", 'a;"', 'a;""', 'a; " "', "a,", 'a, "', 'a;\t"', 'a;"";')


@pytest.mark.parametrize("sign", SIGNS)
def test_csv_takes_no_text_for_a_formula_wherever_a_spreadsheet_divides_cells(sign: str) -> None:
    texts = [f"{before}{sign}1+1;y" for before in BEFORE]
    # Alone, behind a number and behind another text: where a line is divided elsewhere, what is quoted changes.
    lines = rows(row for text in texts for row in ([text], [1, text], ["key;", text, text])).decode()

    for delimiter in (",", ";", "\t"):
        cells = [each for row in csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter) for each in row]
        assert len(cells) >= 3 * len(texts)
        assert not [each for each in cells if each.lstrip(' \t\r\n"').startswith(SIGNS)]

    assert all(str(cell(text)).endswith("1+1;y") for text in texts), "and nothing is lost"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-1.5, -1.5),
        (0, 0),
        (True, "true"),
        (None, ""),
        ("Acme + Sons - 1=1 @ home", "Acme + Sons - 1=1 @ home"),
        ('He said, "yes"; then "no"', 'He said, "yes"; then "no"'),
        ("two\r\nlines\tand\x1b\u202e", "two lines and\ufffd\ufffd"),
    ],
)
def test_csv_leaves_numbers_and_ordinary_text_as_they_are(value: Cell, shown: Cell) -> None:
    assert cell(value) == shown


def test_csv_quotes_every_text_and_no_number() -> None:
    assert rows([['a "b", c', 1.5, None, "é"]]) == '"a ""b"", c",1.5,"","é"\r\n'.encode()


async def test_the_file_is_called_like_the_batch(client: AsyncClient, store: Store) -> None:
    batch = await carried(store, "a", name="Börse/Q3")

    for accept, ending in (("text/csv", "csv"), ("*/*", "jsonl")):
        answer = await client.get(f"/api/batches/{batch.id}/results", headers={"Accept": accept})
        assert answer.headers["content-disposition"] == (
            f"attachment; filename=\"batch-{batch.id}.{ending}\"; filename*=UTF-8''B%C3%B6rse-Q3.{ending}"
        )


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Portfolio Q3 (new)", "Portfolio Q3 (new)"),
        ("हिन्दी 日本", "हिन्दी 日本"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\x", "C--x"),
        (".hidden", "hidden"),
        ('a"; filename="b', "a-- filename--b"),
        ("a\r\nX: y\u202efdp", "a--X- y-fdp"),
        ("n" * 200, "n" * 80),
        ("///", ""),
    ],
)
def test_a_name_of_a_file_is_no_path_and_ends_no_header(name: str, called: str) -> None:
    assert file_name(name) == called
    header = attachment(name, "fallback", ".csv")["Content-Disposition"]
    assert header.isascii() and header.isprintable() and header.startswith('attachment; filename="fallback.csv"')
    assert header.count('"') == 2 and ("filename*" in header) == bool(called)
