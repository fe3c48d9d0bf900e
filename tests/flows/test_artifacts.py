"""What gets into an artifact: nothing for which Prefect's page would ask another server."""

import pytest

from flows._artifacts import plain, plain_rows


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
