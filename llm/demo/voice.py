"""From how founders say things ("By Q2 our head of training must …") to how a plan says them ("Bring …")."""

import re
from dataclasses import dataclass

from llm.demo.words import lower_first, sentence

_TIME = r"(?:(?:By|Within|Before|In|Until|This|Next|Over)\b[^,;:]{2,40}?),? "
_WHO = r"(?:(?:our|the|my)\s[a-z][a-z'’ -]{2,40}?|we|i|everyone|everybody)"
_MUST = (
    r"(?:must|shall|will|should|(?:has|have|needs?|wants?|plans?|aims?|intends?|hopes?|expects?)(?: also| still)? to"
    r"|(?:is|are) going to)"
)
_ABLE = r"(?:(?:also|still|now|first|then|soon) )?(?:(?:be|become|get) able to )?"
_OBLIGED = re.compile(rf"^(?P<time>{_TIME})?(?P<who>{_WHO}) (?:also |still )?{_MUST} {_ABLE}(?P<what>\w.+)$", re.I)
_CHOSEN = re.compile(
    r"^(?:we|i) (?:have |had )?(?:also )?(?:chose|chosen|decided|agreed|committed|resolved|promised)(?: ourselves)? to "
    r"(?P<what>\w.+)$",
    re.I,
)
_PICKED = re.compile(r"^(?:we|i) (?:have )?(?:also )?(?:chose|picked|preferred) (?P<what>\w.+)$", re.I)
_PRESENT = re.compile(
    r"^(?:we|i) (?:also |still )?(?P<what>(?:never |always |only |do not |don[’']t )?(?P<verb>[a-z]+)\b.*)$", re.I
)
_WANTING = re.compile(
    rf"^(?P<time>{_TIME})?(?:we|i) (?:also |still )?(?:need|lack|want) (?P<what>(?:a|an|the|two|three|more)\b.+)$", re.I
)
_BASES = {
    "building": "build", "making": "make", "developing": "develop", "creating": "create", "selling": "sell",
    "running": "run", "turning": "turn", "designing": "design", "offering": "offer", "helping": "help",
}  # fmt: skip
_DOING = re.compile(rf"^(?:we are|we['’]re|i am|i['’]m) (?P<verb>{'|'.join(_BASES)}) (?P<what>\w.+)$", re.I)
_REFUSED = re.compile(r"^(?:we|i) (?:have )?(?:said|say) no to (?P<what>\w.+)$", re.I)
_LABEL = re.compile(r"^(?P<label>[A-Z][^,.;:!?]{2,60}):\s+(?=\w)")

# Verbs that say how it is rather than what to do, and pasts that do not end in "ed".
_NO_ACTION = frozenset(
    """do don am said are were is was has have had will would can could may might must shall should exist believe think
    know hope feel see want need like love hate expect argue doubt worry mean seem lack live chose took made sold built
    went gave found left lost kept told ran won grew spent began saw knew got paid met held brought bought thought wrote
    stood came fell felt heard led sent taught understood""".split()
)
_ED_VERBS = frozenset("need feed speed proceed succeed exceed breed seed weed heed embed shed".split())


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done: what, and who and until when if the sentence says so ("" if not)."""

    what: str
    who: str = ""
    time: str = ""


def unlabelled(text: str) -> str:
    """Without a label in front, such as "In money:" or "Still ahead of us:"."""
    return sentence(_LABEL.sub("", text))


def task(text: str) -> Task | None:
    """What a sentence says is to be done, or None when it says something else."""
    text = unlabelled(text)
    if text.endswith("?"):
        return Task(f"Settle the question: {lower_first(text)}")
    if found := _OBLIGED.match(text):
        who = re.sub(r"^(?:our|the|my)\s+", "", found["who"], flags=re.I)
        who = "" if who.lower() in ("we", "i", "everyone", "everybody") else who[:1].upper() + who[1:]
        return Task(sentence(found["what"]), who, (found["time"] or "").strip(" ,"))
    if found := _WANTING.match(text):
        return Task(sentence(f"Put in place {found['what']}"), time=(found["time"] or "").strip(" ,"))
    if said := imperative(text):
        return Task(said)
    return None


def imperative(text: str) -> str:
    """The sentence as a rule or a choice ("Never switch off a clinic."), or "" when it does not say one."""
    return _imperative(text) or _imperative(unlabelled(text))


def _imperative(text: str) -> str:
    if found := _CHOSEN.match(text):
        return sentence(found["what"])
    if found := _PICKED.match(text):
        return sentence(f"Choose {found['what']}")
    if (found := _OBLIGED.match(text)) and found["who"].lower() in ("we", "i") and not found["time"]:
        return sentence(found["what"])
    if found := _DOING.match(text):
        return sentence(f"{_BASES[found['verb'].lower()]} {found['what']}")
    if found := _REFUSED.match(text):
        return sentence(f"Say no to {found['what']}")
    if (found := _PRESENT.match(text)) and _acts(found["verb"].lower()):
        return sentence(found["what"])
    return ""


def _acts(verb: str) -> bool:
    return verb not in _NO_ACTION and (verb in _ED_VERBS or not verb.endswith("ed")) and not verb.endswith("ly")
