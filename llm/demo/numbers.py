"""Numbers, dates and rhythms in what people write."""

import re

_SPELT = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|hundred"
_BOUND = (
    "at least|at most|more than|less than|fewer than|no more than|up to|under|over|above|below|within|about|nearly"
    "|[<>≤≥]"
)
_ONE = r"one(?= (?:second|minute|hour|day|week|month|percent)\b)"  # and not "one thing"
_FIGURE = rf"(?:(?<![A-Za-z])(?:\d[\d.,]*\d|\d)(?:[kKmMxX]\b)?|\b(?:{_SPELT}|half)\b|\b{_ONE})"
AMOUNT = rf"(?:(?:{_BOUND})\s?)?[€$£]?{_FIGURE}(?:\s?%| percent| per cent)?(?: (?:million|billion|thousand))?"
_AMOUNT = re.compile(AMOUNT, re.I)
_YEAR = re.compile(r"^(?:19|20)\d\d$")
_WHEN = re.compile(
    r"\b(?:by|before|until|within|in|from|after) (?:the )?(?:(?:end|start|middle|first half|second half) of )?"
    r"(?:(?:next |this )?(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|spring|summer|autumn|winter|year|quarter)(?: 20\d\d)?|20\d\d|q[1-4]|h[12])\b",
    re.I,
)
_MONTHS = "january february march april may june july august september october november december".split()
_QUARTERS: dict[str, int] = {month: number // 3 + 1 for number, month in enumerate(_MONTHS)}
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b")
_SEASONS = {"spring": "Q2", "summer": "Q3", "autumn": "Q3", "winter": "Q4"}
_SPANS = [
    (re.compile(r"\b(?:within|in|over) (?:the next )?(?:3|three|2|two|1|one) months?\b|\b90 days\b", re.I), "Q1"),
    (re.compile(r"\b(?:within|in|over) (?:the next )?(?:4|four|5|five|6|six) months\b|\bhalf a year\b", re.I), "6mo"),
    (re.compile(r"\b(?:12|twelve|18|eighteen) months\b|\b(?:this|next|within a|in a) year\b", re.I), "12mo"),
    (re.compile(r"\bfirst half\b", re.I), "H1"),
    (re.compile(r"\bsecond half\b|\bend of the year\b", re.I), "H2"),
]
_CADENCES = [
    (re.compile(r"\b(?:every|a|per|each) day\b|\bdaily\b"), "daily"),
    (re.compile(r"\bevery week\b|\bweekly\b"), "weekly"),
    (re.compile(r"\bevery month\b|\bmonthly\b"), "monthly"),
    (re.compile(r"\bevery quarter\b|\bquarterly\b"), "quarterly"),
    (re.compile(r"\baccident|\bpayback\b|\bcertif|\bsignature\b|\bfirst\b"), "milestone"),
    (re.compile(r"\b(?:revenue|income|margin|retention|sales|cost|price|growth|rate|uptime|churn|renew)"), "monthly"),
    (re.compile(r"\b(?:minutes?|hours?|seconds?|yield|strength|errors?|defects?)\b"), "weekly"),
    (re.compile(r"\b(?:team|staff|turnover|nobody|women|people|culture|overtime|managers?|technician)"), "quarterly"),
    (re.compile(r"\b20\d\d\b"), "quarterly"),
]


def amounts(text: str) -> list[re.Match[str]]:
    """Every amount in a text; years are dates and not amounts."""
    return [found for found in _AMOUNT.finditer(text) if not _YEAR.match(found[0].strip())]


def when(text: str) -> str:
    """The first date in a text, as it is written ("by the end of 2029"), or ""."""
    found = _WHEN.search(text)
    return found[0] if found else ""


def without_when(text: str) -> str:
    return re.sub(r"\s{2,}", " ", _WHEN.sub("", text)).strip(" ,;")


def horizon(text: str) -> str:
    """The horizon that a text names, in the words of the schema, or ""."""
    if found := re.search(r"\b(?:Q[1-4]|H[12])\b", text):
        return found[0]
    dated = when(text).lower()
    if month := _MONTH.search(dated):
        return f"Q{_QUARTERS[month[0]]}"
    spans = (name for pattern, name in _SPANS if pattern.search(text))
    seasons = (name for season, name in _SEASONS.items() if season in dated)
    return next(spans, "") or next(seasons, "")


def in_words(horizon_name: str) -> str:
    """A horizon of the schema as one says it: "6mo" is "within six months"."""
    return {
        "H1": "in the first half of the year",
        "H2": "in the second half of the year",
        "6mo": "within six months",
        "12mo": "within twelve months",
    }.get(horizon_name, f"in {horizon_name}")


def cadence(text: str) -> str:
    """How often somebody should look at such a number."""
    low = text.lower()
    return next((name for words, name in _CADENCES if words.search(low)), "monthly")
