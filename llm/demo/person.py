"""From "we" to "you" or "they", so that a founder's sentence can be said by somebody else."""

import re

_YOU = {
    "we": "you", "us": "you", "our": "your", "ours": "yours", "ourselves": "yourselves", "i": "you", "me": "you",
    "my": "your", "mine": "yours", "myself": "yourself",
}  # fmt: skip
_THEY = {
    "we": "they", "us": "them", "our": "their", "ours": "theirs", "ourselves": "themselves", "i": "they", "me": "them",
    "my": "their", "mine": "theirs", "myself": "themselves",
}  # fmt: skip
_FIRST = re.compile(r"\b(?:I am|I was|I'm|I’m|we|us|our|ours|ourselves|I|me|my|mine|myself)\b(?![.]\w)", re.I)


def to_you(text: str) -> str:
    """ "We own our sites." becomes "You own your sites." """
    return _swapped(text, _YOU, "you are", "you were")


def to_they(text: str) -> str:
    """ "We own our sites." becomes "They own their sites." """
    return _swapped(text, _THEY, "they are", "they were")


def _swapped(text: str, words: dict[str, str], am: str, was: str) -> str:
    def swap(found: re.Match[str]) -> str:
        said = found[0]
        if said in ("US", "i"):  # a country, and "i.e."
            return said
        low = said.lower().replace("’", "'")
        new = am if low in ("i am", "i'm") else was if low == "i was" else words[low]
        first_in_sentence = not text[: found.start()].rstrip(" \"'“‘(") or text[: found.start()].rstrip()[-1:] in ".!?"
        return new[:1].upper() + new[1:] if first_in_sentence else new

    return _FIRST.sub(swap, text)
