"""What a call costs, and that unknown is not free."""

from pathlib import Path

import pytest

from llm.prices import BadPrices, Price, Prices, load_prices
from llm.tokens import estimate

SOME = Prices({"gpt-5": Price(1.25, 10.0, cached=0.125), "openai/gpt-x": Price(9.0, 9.0), "gpt-x": Price(1.0, 1.0)})


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("gpt-5", True),
        ("gpt-5-2025-08-07", True),
        ("gpt-5-20250807", True),
        ("gpt-5-latest", True),
        ("openai/gpt-5", True),
        ("openrouter/openai/gpt-5-2025-08-07", True),
        ("gpt-5-pro", False),
        ("gpt-5-mini", False),
        ("gpt-5.1", False),
        ("gpt-5:free", False),
        ("openai/gpt-5:nitro", False),
        ("my-gpt-5", False),
        ("gpt-5-2025", False),
        ("", False),
    ],
)
def test_a_name_is_known_by_what_does_not_change_its_price(model: str, known: bool) -> None:
    assert (SOME.find(model) is not None) is known


def test_the_whole_name_goes_before_a_part_of_it() -> None:
    assert SOME.find("openai/gpt-x") == Price(9.0, 9.0)
    assert SOME.find("other/gpt-x") == Price(1.0, 1.0)


def test_an_unknown_model_costs_something_unknown() -> None:
    assert SOME.cost("llama3", 1_000_000, 1_000_000) is None
    assert SOME.cost("llama3", 0, 0) is None


def test_cost_is_input_and_output_by_the_million() -> None:
    assert SOME.cost("gpt-5", 1_000_000, 100_000) == pytest.approx(2.25)
    assert SOME.cost("gpt-5", 1_000_000, 0, cached_tokens=1_000_000) == pytest.approx(0.125)
    assert SOME.cost("gpt-5", 1_000_000, 0, cached_tokens=9_000_000) == pytest.approx(0.125)
    assert SOME.cost("gpt-x", 1_000_000, 0, cached_tokens=1_000_000) == pytest.approx(1.0)


def test_the_demo_costs_nothing_and_says_so() -> None:
    shipped = load_prices()
    assert shipped.cost("stepglass-demo-heavy", 5_000, 5_000) == 0.0
    assert shipped.cost("stepglass-demo-light", 5_000, 5_000) == 0.0


def test_openais_defaults_have_a_price() -> None:
    from llm.config import DEFAULT_HEAVY, DEFAULT_LIGHT

    assert all((load_prices().cost(model, 1_000, 1_000) or 0) > 0 for model in (DEFAULT_HEAVY, DEFAULT_LIGHT))


def test_prices_of_ones_own_go_first_and_the_rest_stays(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('["gpt-5"]\ninput = 1\noutput = 2\n["llama3:70b"]\ninput = 0.5\noutput = 0.5\ncached = 0\n')
    prices = load_prices(own)
    assert prices.find("gpt-5") == Price(1.0, 2.0)
    assert prices.find("llama3:70b") == Price(0.5, 0.5, cached=0.0)
    assert prices.find("gpt-5-mini") == load_prices().find("gpt-5-mini") is not None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[broken", "own.toml is not TOML"),
        ("gpt-5 = 3", r'own.toml, \["gpt-5"\]: expected'),
        ('["x"]\ninput = 1', r'own.toml, \["x"\]: expected \["model"\] with input, output'),
        ('["x"]\ninput = 1\noutput = 1\nthinking = 1', r'own.toml, \["x"\]: expected'),
        ('["x"]\ninput = -1\noutput = 1', "input = -1: expected"),
        ('["x"]\ninput = "1"\noutput = 1', "input = '1': expected"),
        ('["x"]\ninput = true\noutput = 1', "input = True: expected"),
        ('["x"]\ninput = 1\noutput = inf', "output = inf: expected"),
        ('["x"]\ninput = nan\noutput = 1', "input = nan: expected"),
    ],
)
def test_a_price_file_that_cannot_be_used_is_named_with_what_belongs_there(
    tmp_path: Path, content: str, sentence: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(content)
    with pytest.raises(BadPrices, match=sentence):
        load_prices(own)


def test_a_price_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_prices(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("漢字", 2), ("\ud800", 1)])
def test_tokens_are_estimated_from_bytes(text: str, tokens: int) -> None:
    assert estimate(text) == tokens
