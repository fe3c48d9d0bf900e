"""What gets into an artifact: nothing for which Prefect's page would ask another server."""

from typing import Any

import pytest

from flows._artifacts import plain, plain_rows
from settings import Settings


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


def test_m5_texts_in_a_table_are_treated_alike_and_numbers_stay_numbers():
    assert plain_rows([{"section": "<b>", "overall": 8.5, "weak": None}]) == [
        {"section": "&lt;b>", "overall": 8.5, "weak": None}
    ]


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
