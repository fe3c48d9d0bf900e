"""The demo model's pages: headings, lengths, whose voice."""

import re

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from llm.demo.answer import answer
from llm.demo.framework import framework_of
from llm.demo.person import to_they, to_you
from llm.demo.words import words
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.one_pager import faults
from tests.llm.demo import asking
from tests.llm.demo.founders import ONE_WORD, SAMPLES, TERSE, Answers, any_answers, brief

FOUNDERS = {**SAMPLES, "terse": TERSE, "one word": ONE_WORD}


@pytest.mark.parametrize("answers", FOUNDERS.values(), ids=list(FOUNDERS))
def test_a_one_pager_has_its_headings_and_300_to_400_words(answers: Answers) -> None:
    assert faults(asking.one_pager(answers, framework_of(answers))) == []


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_answers(), st.text(min_size=1, max_size=200).filter(lambda name: name.strip() and "\0" not in name))
def test_whatever_a_founder_writes_the_one_pager_is_in_form(answers: Answers, name: str) -> None:
    page = asking.one_pager(answers, framework_of(answers), name)
    assert faults(page) == []


@pytest.mark.parametrize("kind", ["founder_brief", "investor_summary"])
@pytest.mark.parametrize("answers", FOUNDERS.values(), ids=list(FOUNDERS))
def test_both_briefs_have_the_headings_that_their_prompts_ask_for(kind: str, answers: Answers) -> None:
    ask = prompt(kind, company_name="Testhaven", answers=laid_out(brief(answers)))
    text = answer(asking.asked(ask))
    asked_for = re.findall(r"`## ([^`]+)`", ask.system)
    assert re.findall(r"^## (.+)$", text, re.M) == asked_for


@pytest.mark.parametrize(("kind", "least", "most"), [("founder_brief", 220, 320), ("investor_summary", 200, 300)])
@pytest.mark.parametrize("name", SAMPLES)
def test_the_briefs_of_the_samples_are_as_long_as_they_should_be(kind: str, least: int, most: int, name: str) -> None:
    ask = prompt(kind, company_name="Testhaven", answers=laid_out(brief(SAMPLES[name])))
    assert least <= len(words(answer(asking.asked(ask)))) <= most


@pytest.mark.parametrize(
    ("said", "to_the_founder", "to_others"),
    [
        ("We own our sites ourselves.", "You own your sites yourselves.", "They own their sites themselves."),
        ("It helps us. I am sure.", "It helps you. You are sure.", "It helps them. They are sure."),
        ("Sales in the US, i.e. at home.", "Sales in the US, i.e. at home.", "Sales in the US, i.e. at home."),
    ],
)
def test_a_founders_sentence_is_said_by_somebody_else(said: str, to_the_founder: str, to_others: str) -> None:
    assert (to_you(said), to_they(said)) == (to_the_founder, to_others)


def test_a_prompt_that_nobody_foresaw_gets_an_answer_out_of_its_own_words() -> None:
    read = asking.read([{"role": "user", "content": "Explain why bread rises. Yeast makes gas."}], None)
    text = answer(read)
    assert "Yeast makes gas." in text
    assert "demo model" in text
    assert answer(asking.read([{"role": "user", "content": "?!"}], None)) != ""
