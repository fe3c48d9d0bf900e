"""What a call costs, where the price of its model is known."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DATE = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
_MILLION = 1_000_000


class BadPrices(ValueError):
    """A price file that cannot be used: which one, where in it, and what belongs there."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens. `cached` is for the part of the input that the provider had already read."""

    input: float
    output: float
    cached: float | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by model name."""

    by_model: Mapping[str, Price]

    def find(self, model: str) -> Price | None:
        """The price of `model`, or None.

        The name as it is comes first, then without what does not change a price: a provider in front
        (`openai/gpt-5`) and a date behind (`gpt-5-2025-08-07`). Anything else does: `gpt-5-pro` is not `gpt-5`, and
        `:free` or `:nitro` is another offer.
        """
        bare = model.rpartition("/")[2]
        names = (model, _DATE.sub("", model), bare, _DATE.sub("", bare))
        return next((self.by_model[name] for name in names if name in self.by_model), None)

    def cost(self, model: str, input_tokens: int, output_tokens: int, *, cached_tokens: int = 0) -> float | None:
        """Dollars, or None where the price is unknown: unknown is not free."""
        price = self.find(model)
        if price is None:
            return None
        cached = min(cached_tokens, input_tokens) if price.cached is not None else 0
        dollars = (input_tokens - cached) * price.input + cached * (price.cached or 0.0) + output_tokens * price.output
        return dollars / _MILLION


def load_prices(extra: Path | None = None) -> Prices:
    """The prices that we ship, and those of `extra` on top. Raises `BadPrices` or `OSError` for `extra`."""
    return Prices({**_SHIPPED, **(_read(extra) if extra else {})})


def _read(path: Path) -> dict[str, Price]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPrices(f"{path.name} is not TOML: {error}") from error
    return {model: _price(path, model, table) for model, table in tables.items()}


def _price(path: Path, model: str, table: Any) -> Price:
    expected = 'expected ["model"] with input, output and perhaps cached, in dollars per million tokens, 0 or more'
    if not isinstance(table, dict) or not {"input", "output"} <= set(table) <= {"input", "output", "cached"}:  # pyright: ignore[reportUnknownArgumentType]  # TOML is Any
        raise BadPrices(f'{path.name}, ["{model}"]: {expected}.')
    figures: dict[str, Any] = table  # pyright: ignore[reportUnknownVariableType]  # TOML is Any
    for name, value in figures.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise BadPrices(f'{path.name}, ["{model}"], {name} = {value!r}: {expected}.')
    return Price(**{name: float(value) for name, value in figures.items()})


# Read once, with the module: a configuration is also made where nothing may block.
_SHIPPED = _read(Path(__file__).with_name("prices.toml"))
