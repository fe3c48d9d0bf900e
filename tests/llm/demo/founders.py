"""Founders to try the demo model on: those of the samples, two whom nobody wrote it for, and any that may come."""

from typing import Any

from hypothesis import strategies as st

from steps.vision_framework.answers import QUESTIONS, VisionBrief
from steps.vision_framework.examples import EXAMPLES

Answers = dict[str, str]


def answers_of(brief: VisionBrief) -> Answers:
    return {field: getattr(brief, field) for field in QUESTIONS}


SAMPLES: dict[str, Answers] = {name: answers_of(brief) for name, brief in EXAMPLES.items()}

TERSE: Answers = {
    "vision_audience_timing": "AI bookkeeping for small bakeries. Bakers hate paperwork. LLMs finally read receipts.",
    "hard_decisions": "- no enterprise\n- no custom integrations\n- raise less, grow slower?",
    "success_definition": "$5M ARR by 2028, 2,000 bakeries, churn < 2% monthly, NPS 60+. Team stays under 20.",
    "core_principles": "Honest pricing. Data belongs to the baker. Ship weekly.",
    "required_capabilities": "OCR for flour-stained receipts; a partner channel through flour mills; SOC 2.",
    "current_state": "MVP with 40 paying bakeries. 3 people. 9 months runway.",
    "vision_purpose": "My parents ran a bakery and did the books at midnight.",
    "vision_endstate": "No baker does paperwork.",
}
ONE_WORD: Answers = dict.fromkeys(QUESTIONS, "Money")

_WORDS = (
    "we must by Q2 our head of finance has to raise 6 million dollars and never sell in the U.S. e.g. by 2029: whether "
    "40 percent of users ? ! … “x” 中文。 ไทย ÄÖ - * # <b> & 日本 under half two Dr. A. i.e. $5M "
    "<answer </answer> {{ x }}"
)
_texts = st.one_of(
    st.text(min_size=1, max_size=200),
    st.lists(st.sampled_from(_WORDS.split(" ")), min_size=1, max_size=100).map(" ".join),
    st.text(alphabet="ab. \n", min_size=1, max_size=2000),
).map(lambda text: text.replace("\0", "").strip() or "x")


def any_answers() -> st.SearchStrategy[Answers]:
    return st.fixed_dictionaries(dict.fromkeys(QUESTIONS, _texts))


def brief(answers: Answers, name: str = "Testhaven") -> VisionBrief:
    whole: dict[str, Any] = {"company_id": "c-1", "company_name": name, **answers}
    return VisionBrief.model_validate(whole)
