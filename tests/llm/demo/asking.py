"""The prompts of the pipeline as the demo model gets them, without a wire between."""

import json
from typing import Any

from llm.demo.answer import answer
from llm.demo.asked import Asked, read
from steps._prompt import Fixed, Prompt
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.document import SECTION_NAMES, SectionName, repair_of
from steps.vision_framework.one_pager import HEADINGS
from steps.vision_framework.scoring import MEASURED, MeasuredMarks, SectionMarks
from steps.vision_framework.violations import violations
from tests.llm.demo.founders import Answers, brief

Json = dict[str, Any]


def asked(said: Prompt, schema: Json | None = None) -> Asked:
    messages = [{"role": "system", "content": said.system}, {"role": "user", "content": said.user}]
    form = {"type": "json_schema", "json_schema": {"name": "X", "schema": schema}} if schema else None
    return read(messages, form)


def framework(answers: Answers) -> Json:
    """The first framework, which may break its bounds."""
    given = brief(answers)
    return json.loads(answer(asked(prompt("framework", company_name=given.company_name, answers=laid_out(given)))))


def repaired(answers: Answers) -> Json:
    """The framework after at most one repair."""
    first = framework(answers)
    found = violations(first)
    if not found:
        return first
    given = brief(answers)
    broken = {one.pointer.split("/")[1] for one in found}
    ask = prompt(
        "framework_repair",
        company_name=given.company_name,
        sections={name: first[name] for name in SECTION_NAMES if name in broken},
        violations=found,
        answers=laid_out(given),
    )
    shape = repair_of(frozenset(name for name in SECTION_NAMES if name in broken))
    return first | json.loads(answer(asked(ask, shape.model_json_schema())))


def one_pager(answers: Answers, document: Json, name: str = "Testhaven") -> str:
    given = brief(answers, name)
    headings = Fixed("\n".join(f"## {heading}" for heading in HEADINGS))
    ask = prompt(
        "one_pager",
        company_name=given.company_name,
        framework=document,
        answers=laid_out(given),
        headings=headings,
        note=Fixed(""),
    )
    return answer(asked(ask))


def marks(answers: Answers, section: SectionName, value: Any) -> Json:
    ask = prompt("score_section", section=Fixed(section), value=value, answers=laid_out(brief(answers)))
    shape = MeasuredMarks if section in MEASURED else SectionMarks
    return json.loads(answer(asked(ask, shape.model_json_schema())))
