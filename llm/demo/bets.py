"""What a company stakes time and money on, who answers for it, until when, and how it shows."""

import re
from collections.abc import Mapping, Sequence

from llm.demo.numbers import amounts, horizon, in_words
from llm.demo.voice import Task, task
from llm.demo.words import bare, lower_first, overlap, sentence, sentences, shorten, unique

Bet = dict[str, str]

_ROLE = (
    r"(?:(?:head|director|chief|vice president|vp) of [a-z]+(?:-[a-z]+)?|chief [a-z]+ officer|C[EFTOPM]O"
    r"|lead [a-z]+|general counsel|(?:co-)?founders?"
    r"|(?:[a-z]+[ -]){1,2}(?:lead|team|manager|officer|director|engineer))"
)
_ACTS = r"(?:owns?|leads?|has|have|runs?|will|must|needs?|is|are|takes?|drives?)"
_ANSWERS = re.compile(rf"\b(?:our|the|my) (?P<role>{_ROLE}) {_ACTS}\b", re.I)
_ASIDE = re.compile(rf"[;,] (?:and )?(?:our|the|my) {_ROLE} {_ACTS} [^,;]{{2,60}}$", re.I)
_DEFAULT_OWNERS = (
    (re.compile(r"\b(?:hire|hiring|recruit|training|culture)"), "Head of people"),
    (
        re.compile(r"\b(?:debt|capital|raise|margin|cost|budget|cash|invest|funding|financ|price|pricing)"),
        "Head of finance",
    ),
    (
        re.compile(r"\b(?:regulat|legal|licen[cs]|complian|audit|certif|contract|patent|tariff|exclusiv)"),
        "General counsel",
    ),
    (re.compile(r"\b(?:sell|sales|customer|market|partner|pilot|hospital|client|retail|store)"), "Head of sales"),
    (
        re.compile(r"\b(?:software|platform|data|app|model|engineer|code|product|feature|planner|integrat|connect)"),
        "Product lead",
    ),
    (
        re.compile(r"\b(?:supply|factory|plant|site|field|logistic|operation|install|build|machine|source|batch|line)"),
        "Operations lead",
    ),
)
_SPARE_HORIZONS = ("H1", "6mo", "H2", "12mo")
_MANNER = re.compile(r"\b(?:without|before|until|so that|instead of|rather than)\s.+$", re.I)
_QUESTION = re.compile(r"^(?:decide|choose|settle|find out|agree)\b", re.I)


def bets_of(answers: Mapping[str, str], metrics: Sequence[Mapping[str, str]], most: int = 6) -> list[Bet]:
    """Two bets at least: first what the company must become able to do, then what it still has to decide."""
    ability = sentences(answers.get("required_capabilities", ""))
    decisions = [said for said in sentences(answers.get("hard_decisions", "")) if _ahead(said)]
    texts = ability + decisions
    tasks = [(text, job) for text in texts if (job := task(text))]
    abilities = [one for one in tasks if one[0] in ability]
    found = abilities[: most - 1] + [one for one in tasks if one not in abilities][:2]
    if len(found) < 2:
        spare = [piece for text in texts for piece in _pieces(text)] + sentences(answers.get("success_definition", ""))
        taken = {text for text, _ in found}
        for text in unique(spare):
            if text not in taken and len(found) < 3:
                found.append((text, Task(f"Bring about: {lower_first(text)}")))
    while len(found) < 2:
        found.append(("", Task(("Write down what is known and what is not.", "Talk to ten customers.")[len(found)])))
    whole = " ".join(answers.values())
    return [_bet(number, text, job, metrics, whole) for number, (text, job) in enumerate(found)]


def _pieces(said: str) -> list[str]:
    """A list that was written as one sentence, taken apart."""
    return [piece for part in said.split(";") if (piece := sentence(part))]


def _ahead(said: str) -> bool:
    return bool(
        re.search(
            r"\b(?:must|have to|has to|need to|ahead|whether|will decide|(?:do not|don['’]t) know)\b|\?$", said, re.I
        )
    )


def _bet(number: int, text: str, job: Task, metrics: Sequence[Mapping[str, str]], whole: str) -> Bet:
    what = sentence(_ASIDE.sub("", bare(job.what)))
    due = horizon(job.time) or horizon(text) or _SPARE_HORIZONS[number % len(_SPARE_HORIZONS)]
    bet = shorten(what, 40, 300)
    return {
        "bet": bet if len(bet) >= 10 else f"Bring about what the founder calls “{bare(bet)}”.",
        "owner": (job.who or _answers_for(text) or _usual_owner(what, whole))[:100],
        "horizon": due,
        "measure": _measure(what, due, metrics),
    }


def _answers_for(text: str) -> str:
    found = _ANSWERS.search(text)
    return found["role"][:1].upper() + found["role"][1:] if found else ""


def _usual_owner(what: str, whole: str) -> str:
    """The role that it would fall to; one that the company has, where it has one."""
    if _QUESTION.match(what):
        return "Founders"
    low = what.lower()
    named = [found["role"] for found in _ANSWERS.finditer(whole)]
    for pattern, role in _DEFAULT_OWNERS:
        if pattern.search(low):
            near = [name for name in named if pattern.search(name.lower()) or name.lower() == role.lower()]
            return near[0][:1].upper() + near[0][1:] if near else role
    return "Founders"


def _measure(what: str, due: str, metrics: Sequence[Mapping[str, str]]) -> str:
    """What will be seen when it has worked: its own number, else its own condition, else a metric that is near."""
    plain = bare(what)
    if _QUESTION.match(plain):
        return f"A written decision with its reasons, known to everyone it concerns, {in_words(due)}"
    if found := amounts(plain):
        start = found[0].start()
        head = re.search(r"\b(?:from|in|within|below|to)\s$", plain[:start])
        said = re.split(r"[;,]| because | although | which ", plain[head.start() if head else start :])[0]
        said = re.sub(r"^(?:in|to)\s", "", said)
        if len(said) >= 5:
            return bare(shorten(said[:1].upper() + said[1:], 25, 200))
    if manner := _MANNER.search(plain):
        return bare(shorten(f"Done {manner[0]}", 25, 200))
    near = max(metrics, key=lambda metric: overlap(what, metric.values()), default=None)
    if near and overlap(what, near.values()) > 0.3:
        return bare(shorten(f"It shows in {near['name'].lower()}: {near['target']}", 25, 200))
    return f"A first result that can be shown to the whole team, {in_words(due)}"


def fuller(bets: Sequence[Bet], count: int) -> list[Bet]:
    """As many bets as asked for, made by taking the first step of each one apart: more than anybody can carry."""
    more = [{**bet, "bet": shorten(f"Prepare it: {lower_first(bet['bet'])}", 40, 300)} for bet in bets]
    return [*bets, *more][:count]
