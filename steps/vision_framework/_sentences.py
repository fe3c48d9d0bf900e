"""How many sentences a text has, as far as that can be told without understanding it."""

import re

from pydantic_core import PydanticCustomError

# A run of marks is read once: it begins where no mark stands before it, and gives nothing back.
_END = re.compile(r"(?<![.!?…؟।។။])[.!?…؟।។။]++[\"'”’»)\]]*+(?=\s|$)|[。！？]+[”』」）]*")
_NEXT = re.compile(r"\S")
_ABBREVIATED = re.compile(
    r"\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|St|No|vs|etc|approx|ca|Inc|Ltd|Co|Corp|e\.g|i\.e|a\.m|p\.m)\.$",
)
# More characters than the longest of them has, so that what stands before it is seen as well.
_LONGEST_ABBREVIATION = 12
# Thai and Lao end a sentence with a space: there is nothing to count.
_UNCOUNTABLE = re.compile(r"[\u0e00-\u0eff]")


def count_sentences(text: str) -> tuple[int, int]:
    """The fewest and the most sentences that `text` may have: an abbreviation's full stop may end one or not."""
    text = text.strip()
    ends = list(_END.finditer(text))
    surely = [end for end in ends if not _doubtful(text, end)]
    open_end = 0 if ends and ends[-1].end() == len(text) else 1
    last_is_doubtful = bool(ends) and not open_end and ends[-1] not in surely
    return len(surely) + (1 if open_end or last_is_doubtful else 0), len(ends) + open_end


def check_sentences(text: str) -> str:
    """Pass a text on that may have 2 to 3 sentences. Raises for one that surely has fewer or more."""
    if problem := sentence_problem(text):
        raise PydanticCustomError("sentences", "{problem}", {"problem": problem})
    return text


def sentence_problem(text: str) -> str | None:
    """What is wrong with the number of sentences of a vision, or None."""
    if _UNCOUNTABLE.search(text):
        return None
    fewest, most = count_sentences(text)
    if most < 2:
        return "has 1 sentence; 2 to 3 are asked for"
    if fewest > 3:
        return f"has {fewest} sentences; 2 to 3 are asked for"
    return None


def _doubtful(text: str, end: re.Match[str]) -> bool:
    before = text[max(0, end.end() - _LONGEST_ABBREVIATION) : end.end()]
    following = _NEXT.search(text, end.end())
    return bool(_ABBREVIATED.search(before)) or bool(following and following[0].islower())
