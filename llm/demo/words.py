"""Sentences, words and shorter sentences out of whatever somebody wrote."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

_BREAK = re.compile(
    r"(?<=[.!?…])(?P<close>[\"'”’»)\]]*+)\s++(?=[\"'“‘«(\[]*[^\Wa-z_])|(?<=[。！？])|(?<![^\S\n])[^\S\n]*+\n\s*+"
)
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|[A-Z]\.[A-Z]|Mr|Mrs|Ms|Dr|St|No|vs|approx|e\.g|i\.e|etc|Mio|Mrd|ca|bzw|Nr)\.$"
)
_BULLET = re.compile(r"^(?:[-*•–>#|]+|\(?\d{1,2}[.)])\s+")
_MARKS = re.compile(r"</?[A-Za-z!][^>]*>?|[*_`#|~\\{}\[\]]+")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+(?:[.,'’/-][^\W_]+)*")
TURN = re.compile(r"(?:[,;:]| –| -)\s|\s(?=(?:because|although|which|so that|but|while|instead of|rather than)\s)")
_LOOSE = frozenset(
    "and or but the a an to of with for that by in on at our their its is are who than as from not without".split()
)

STOP = frozenset(
    """a about above after again against all also although always am an and any are as at away back be because been
    before being below between both but by can cannot could did do does doing down during each either else ever every
    few first for four from further get had has have having he her here hers him his how however i if in into is it its
    itself just less let like made make many may me might more most much must my need never no nobody nor not nothing
    now of off often on once one only or other others our ours out over own per rather same say says second she should
    since so some somebody still such than that the their them then there these they thing things this those three
    through to today too two under until up upon us very want was way we well were what when where whether which while
    who whole whom whose why will with within without would year years yes yet you your""".split()
)


def sentences(text: str) -> list[str]:
    """The sentences of a text, cleaned of marks of Markdown, each beginning with a capital and ending in a stop."""
    pieces: list[str] = []
    start = 0
    for found in _BREAK.finditer(text):
        # Only the end is looked at: a text of a thousand initials is one sentence that grows.
        if _ABBREVIATED.search(text[max(start, found.start() - 12) : found.start()]):
            continue
        pieces.append(text[start : found.start()] + (found["close"] or ""))
        start = found.end()
    pieces.append(text[start:])
    return [said for piece in pieces if (said := sentence(piece))]


def sentence(text: str) -> str:
    """One clean sentence, or "" when there is nothing in it that can be said."""
    plain = _BLANKS.sub(" ", _MARKS.sub(" ", _BULLET.sub("", text.strip()))).strip(" ,;:-–")
    if not any(character.isalnum() for character in plain):
        return ""
    plain = plain[:1].upper() + plain[1:]
    return plain if plain[-1] in '.!?…。！？"”’»)' else plain + "."


def bare(text: str) -> str:
    """Without the stop at its end."""
    return text.rstrip(".。… ")


def lower_first(text: str) -> str:
    """To go on inside a sentence: the first letter is small unless it begins a name, a number or "I"."""
    head = text.split(" ", 1)[0]
    if re.match(r"I(?:['’]|$)", head) or not (head == "A" or head[:1].isupper() and head[1:].islower()):
        return text
    return text[:1].lower() + text[1:]


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def content(text: str) -> list[str]:
    """The words that carry the meaning, in small letters."""
    return [word for word in map(str.lower, words(text)) if len(word) > 2 and word not in STOP]


def shorten(text: str, most_words: int, most_chars: int = 10_000) -> str:
    """A sentence of at most so many words and characters, cut where it takes a turn, if it has one late enough."""
    ends = [found.end() for found in _WORD.finditer(text)]
    if len(ends) <= most_words and len(text) <= most_chars:
        return text
    limit = min(ends[most_words - 1] if len(ends) >= most_words else len(text), most_chars - 2)
    turns = [found.start() for found in TURN.finditer(text) if limit * 0.45 <= found.start() <= limit]
    if turns:
        return closed(trimmed(text[: turns[-1]])) + "."
    cut = max((end for end in ends if end <= limit), default=limit)
    return closed(trimmed(text[:cut])[: most_chars - 2] + "…")


def terse(text: str, least_words: int = 4) -> str:
    """A sentence up to where it first takes a turn; the whole of it where it takes none."""
    enough = next(islice(_WORD.finditer(text), least_words - 1, None), None)
    turn = TURN.search(text, enough.end()) if enough else None
    return closed(trimmed(text[: turn.start()])) + "." if turn else text


def closed(text: str) -> str:
    """With the quotation closed that a cut left open."""
    return text + "”" if text.count("“") > text.count("”") else text


def trimmed(text: str) -> str:
    """Without the words and marks at its end that promise something to come."""
    while kept := text.rstrip(" ,;:–-"):
        head, _, last = kept.rpartition(" ")
        if not head or last not in _LOOSE:
            return kept
        text = head
    return text


def overlap(one: str, others: Iterable[str]) -> float:
    """How much of what `one` says is also in `others`, 0 to 1."""
    mine = set(content(one))
    theirs = {word for other in others for word in content(other)}
    return len(mine & theirs) / len(mine) if mine else 0.0


def themes(text: str, most: int) -> list[str]:
    """The words that a text comes back to, most frequent first, then in their order."""
    counted = Counter(word for word in content(text) if not word[0].isdigit())
    return [word for word, _ in counted.most_common(most)]


def unique(texts: Iterable[str]) -> list[str]:
    """In order, each once, whatever its case and stops."""
    seen: dict[str, str] = {}
    for text in texts:
        seen.setdefault(" ".join(words(text.lower())), text)
    return [text for key, text in seen.items() if key]
