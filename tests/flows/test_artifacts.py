"""What gets into an artifact: nothing for which Prefect's page would ask another server."""

from typing import Any
from uuid import uuid4

import pytest

from flows._artifacts import plain, plain_rows, publish
from flows._closing import Outcome
from flows._pipeline import Shown, pipeline
from settings import Settings

PICTURE, PUBLISHED = "![](https://elsewhere.example/p.png)", "! [](https://elsewhere.example/p.png)"


@pipeline(
    "Painted", plan={}, shown=lambda result: Shown(texts={"page": result}, tables={"facts": [{"of": result, "n": 1}]})
)
async def painted(given: Settings) -> str: ...


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What was published, by its key."""
    made: dict[str, Any] = {}

    async def create(key: str, **content: Any) -> None:
        made[key] = content

    for kind in ("link", "markdown", "table"):
        monkeypatch.setattr(f"flows._artifacts.acreate_{kind}_artifact", create)
    return made


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("![a picture](https://elsewhere.example/p.png)", "! [a picture](https://elsewhere.example/p.png)"),
        ("!![a picture](https://elsewhere.example/p.png)", "!! [a picture](https://elsewhere.example/p.png)"),
        ("![by name][one]\n\n[one]: https://elsewhere.example", "! [by name][one]\n\n[one]: https://elsewhere.example"),
        ('<img src="https://elsewhere.example/p.png">', '&lt;img src="https://elsewhere.example/p.png">'),
        ("<https://elsewhere.example>", "&lt;https://elsewhere.example>"),
        ("**Bold**, [a link](https://one.example), 1 > 0", "**Bold**, [a link](https://one.example), 1 > 0"),
    ],
)
def test_m5_markdown_names_pictures_only_as_links_and_has_no_html(written: str, published: str):
    assert plain(written) == published


def test_m5_a_text_from_before_the_rule_is_published_without_what_a_terminal_or_a_reader_obeys():
    assert plain("a\x1b[2J\x9b\u202eb\r\n\tc") == "a\ufffd[2J\ufffd\ufffdb\n\tc"


def test_m5_texts_in_a_table_are_treated_alike_and_numbers_stay_numbers():
    assert plain_rows([{"section": "<b>", "overall": 8.5, "weak": None}]) == [
        {"section": "&lt;b>", "overall": 8.5, "weak": None}
    ]


async def test_m5_every_text_of_a_result_is_published_as_plain_as_that(artifacts: dict[str, Any]):
    await publish(painted, Outcome("complete", result=PICTURE), "http://127.0.0.1", uuid4(), documents=True)
    assert artifacts.pop("stepglass-run")
    assert artifacts == {"page": {"markdown": PUBLISHED}, "facts": {"table": [{"of": PUBLISHED, "n": 1}]}}


async def test_h1_without_documents_there_is_the_way_to_us_alone(artifacts: dict[str, Any]):
    await publish(painted, Outcome("complete", result=PICTURE), "http://127.0.0.1", uuid4(), documents=False)
    assert [*artifacts] == ["stepglass-run"]


@pytest.mark.parametrize(
    ("told", "tenant", "published"),
    [
        ({}, "default", True),
        ({}, "acme", False),  # a worker apart, which was not told the tokens of the API
        ({"api_tokens": "default:" + "t" * 20}, "default", False),
        ({"prefect_documents": True}, "acme", True),
        ({"prefect_documents": False}, "default", False),
    ],
)
def test_h1_results_are_published_where_there_are_no_tenants_or_a_setting_says_so(
    told: dict[str, Any], tenant: str, published: bool
):
    assert Settings(**told).publishes_documents_of(tenant) is published
