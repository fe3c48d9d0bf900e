"""Percentiles as PostgreSQL's `percentile_disc` has them."""

import math
from collections.abc import Iterable


def percentile(values: Iterable[int], share: float) -> int:
    """The smallest value that is not below `share` of them all."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]
