"""The two short texts about a company: one said back to its founder, one for an investor."""

from collections.abc import Callable, Mapping, Sequence

from llm.demo.bets import bets_of
from llm.demo.framework import still_open, timing
from llm.demo.metrics import metrics_of
from llm.demo.numbers import amounts
from llm.demo.person import to_they, to_you
from llm.demo.tensions import tensions_of
from llm.demo.voice import unlabelled
from llm.demo.words import bare, lower_first, sentences, shorten, unique

Answers = Mapping[str, str]
Voice = Callable[[str], str]
_LITTLE = "The answers say little about product, customers, team and runway."
_STANDING = {
    "the product": "live mvp beta app works product version pilot prototype built software launch".split(),
    "the customers": "customer paying famil pilot client user hospital connection mill serve renewed sold".split(),
    "the team": "team develop alone people employee staff founder engineer".split(),
    "the runway": "runway saving money months cash fund profit".split(),
}


def founder_brief(company: str, answers: Answers) -> str:
    """What was understood, said back to the founder."""
    what, purpose = _of(answers, "vision_audience_timing"), _of(answers, "vision_purpose")
    decided = [text for text in _of(answers, "hard_decisions") if not still_open(text)]
    open_ones = [text for text in _of(answers, "hard_decisions") if still_open(text)]
    today = [text for text in _of(answers, "current_state") if amounts(text)] or _of(answers, "current_state")
    parts = [
        ("What you are building", [_prose(unique([*what[:2], *timing(answers)[:2]]), to_you)]),
        ("What you have decided", [_points(decided[:4], to_you) or "- Your answers name no decision that is final."]),
        ("What carries you", [_prose(purpose[:2], to_you), _prose(_of(answers, "core_principles")[:2], to_you)]),
        ("What is still open", [_points(_open_questions(open_ones, answers), str)]),
    ]
    if today:
        parts[0][1].append(f"You start from here: {lower_first(to_you(shorten(today[0], 30)))}")
    return _page(parts)


def investor_summary(company: str, answers: Answers) -> str:
    """What the answers support, and where they do not support enough."""
    what, today = _of(answers, "vision_audience_timing"), _of(answers, "current_state")
    metrics = [f"{lower_first(metric['name'])}, {lower_first(metric['target'])}" for metric in _metrics(answers)[:4]]
    missing = [name for name, words in _STANDING.items() if not any(word in " ".join(today).lower() for word in words)]
    standing = [_prose(today[:5], to_they)]
    if missing:
        standing.append(f"The answers say nothing of {' and '.join(missing)}." if len(missing) < 3 else _LITTLE)
    numbers = f"The founders' own numbers: {'; '.join(metrics)}."
    name = shorten(company, 12, 60).rstrip("…")
    parts = [
        ("The company", [f"**{name}.** {_prose(what[:2], to_they)}"]),
        (
            "Why it could work",
            [_prose(timing(answers)[:3], to_they), numbers],
        ),
        ("Where it stands", standing),
        ("What to ask", [_points(_partner_questions(answers), str)]),
    ]
    return _page(parts)


def _open_questions(open_ones: Sequence[str], answers: Answers) -> list[str]:
    """Questions that the founder can answer: the choices ahead, then bets that nobody answers for yet."""
    asked = [_as_question(text, to_you) for text in open_ones[:3]]
    for bet in bets_of(answers, _metrics(answers)):
        if len(asked) >= 4:
            break
        if bet["owner"] == "Founders" and not bet["bet"].startswith(("Decide", "Settle", "Choose", "Bring about")):
            asked.append(f"{bare(to_you(bet['bet']))}: who answers for it, and until when?")
    return asked or ["Which of these decisions would you take back if you could?"]


def _partner_questions(answers: Answers) -> list[str]:
    # The second one: the first is most often about a choice that is asked for below anyway.
    asked = [f"Which side gives way? {to_they(text)}" for text in tensions_of(answers)[:2][-1:]]
    asked += [_as_question(text, to_they) for text in _of(answers, "hard_decisions") if still_open(text)][:1]
    for metric in _metrics(answers):
        asked.append(
            f"{metric['name']}: the goal is {lower_first(metric['target'])}. Where is it today, and since when?"
        )
    asked.append("Which customer would miss the product most, and what did that customer do before?")
    return asked[:3]


def _as_question(text: str, say: Voice) -> str:
    """A choice that has not been made, as a question."""
    plain = say(unlabelled(text))
    if plain.endswith("?"):
        return plain
    _, whether, rest = plain.partition(" whether ")
    asked = f"Whether {bare(shorten(rest, 35))}" if whether else bare(shorten(plain, 35))
    return f"{asked}: what would settle it, and by when?"


def _metrics(answers: Answers) -> list[dict[str, str]]:
    return metrics_of(answers.get("success_definition", ""), [answers.get("required_capabilities", "")])


def _of(answers: Answers, field: str) -> list[str]:
    return sentences(answers.get(field, ""))


def _prose(texts: Sequence[str], say: Voice) -> str:
    return " ".join(say(shorten(text, 45)) for text in texts)


def _points(texts: Sequence[str], say: Voice) -> str:
    return "\n".join(f"- {say(shorten(text, 60))}" for text in texts)


def _page(parts: Sequence[tuple[str, Sequence[str]]]) -> str:
    return "\n\n".join(
        f"## {heading}\n\n" + "\n\n".join(text for text in texts if text) for heading, texts in parts if any(texts)
    )
