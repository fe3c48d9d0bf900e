"""Generated requests find no error of ours and no answer that the OpenAPI document does not have."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.cases import generated

SEED = 20261121


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """What asks has threads of its own, and reads files; the API is looked after in the tests of its own."""
    yield


@pytest.mark.timeout(120)
async def test_some_hundred_cases_find_nothing(database_url: str):
    report = await asyncio.to_thread(generated, database_url, 300, SEED)

    assert report.cases >= 300
    assert not report.findings, str(report)


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_five_thousand_cases_find_nothing(database_url: str, capsys: pytest.CaptureFixture[str]):
    report = await asyncio.to_thread(generated, database_url, 5000, SEED)

    with capsys.disabled():
        print(f"\nseed {SEED}: {report}")  # noqa: T201
    assert report.cases >= 5000
    assert not report.findings, str(report)
