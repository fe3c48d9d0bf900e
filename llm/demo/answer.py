"""Which kind of call it is, and the whole answer to it."""

import json
import re
from collections.abc import Callable
from typing import Any

from llm.demo.asked import Asked
from llm.demo.briefs import founder_brief, investor_summary
from llm.demo.flaws import flawed, stubborn
from llm.demo.framework import framework_of
from llm.demo.marks import marks
from llm.demo.one_pager import one_pager
from llm.demo.refinement import refined
from llm.demo.review import review
from llm.demo.schema import instance
from llm.demo.words import sentences, shorten, themes


def answer(asked: Asked) -> str:
    """The answer to a request, the same for the same request. Kinds are known by the title of the prompt."""
    kind = _KINDS.get(asked.title.lower())
    if kind is not None and asked.answers:
        return kind(asked)
    if asked.schema is not None:
        return _as_json(instance(asked.schema, [shorten(text, 20) for text in sentences(asked.user)][:40]))
    if asked.wants_json:
        return _as_json({"answer": shorten(" ".join(sentences(asked.user)[:2]), 40) or "Nothing was asked."})
    return _in_general(asked)


def _framework(asked: Asked) -> str:
    return _as_json(flawed(framework_of(asked.answers), asked.answers))


def _repair(asked: Asked) -> str:
    """The sections that the schema asks for, made from the answers again, without the mistakes that can be helped."""
    right = stubborn(framework_of(asked.answers), asked.answers)
    wanted = [name for name in asked.properties if name in right] or list(asked.json("sections") or right)
    return _as_json({name: right[name] for name in wanted if name in right})


def _page(asked: Asked) -> str:
    headings = re.findall(r"^## (.+)$", asked.user, re.M)
    return one_pager(asked.data.get("company_name", ""), headings, asked.json("framework") or {}, asked.answers)


def _review(asked: Asked) -> str:
    return _as_json(review(asked.json("framework") or {}, asked.answers))


def _marks(asked: Asked) -> str:
    given = marks(asked.section, asked.value("value"), asked.answers)
    wanted = asked.properties or given
    return _as_json({name: value for name, value in given.items() if name in wanted})


def _refined(asked: Asked) -> str:
    framework: dict[str, Any] = asked.json("framework") or {}
    _, _, task = asked.user.partition("\nWhat to do with it:")
    said, ended, _ = task.partition("\nThe framework as it is:")
    instruction = asked.data.get("instruction", "")
    value = refined(
        asked.section, framework.get(asked.section), said.strip() if ended else "", instruction, asked.answers
    )
    return _as_json({asked.section: value})


def _in_general(asked: Asked) -> str:
    """For a prompt that nobody foresaw: what it says, in short."""
    said = sentences(asked.user)
    if not said:
        return "There is nothing in this request to work with. I am a demo model: I only have the words I am given."
    points = "\n".join(f"- {shorten(text, 30)}" for text in said[:6])
    about = ", ".join(themes(asked.user, 4)) or "what you wrote"
    return (
        f"## In short\n\n{shorten(said[0], 40)}\n\n## What you wrote\n\n{points}\n\n"
        f"I am a demo model: this is put together from your own words about {about}, and nothing is added to them."
    )


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


_KINDS: dict[str, Callable[[Asked], str]] = {
    "founder brief": lambda asked: founder_brief(asked.data.get("company_name", ""), asked.answers),
    "investor summary": lambda asked: investor_summary(asked.data.get("company_name", ""), asked.answers),
    "framework": _framework,
    "framework repair": _repair,
    "one-pager": _page,
    "qa checks": _review,
    "section score": _marks,
    "section refinement": _refined,
}
