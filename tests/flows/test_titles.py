"""What a run is called among others: one short line out of its input."""

import pytest
from pydantic import BaseModel

from flows._pipeline import pipeline
from flows.catalogue import CATALOGUE
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.refine import Refinement
from tests.api.test_generate_stream import REFINEMENT


class Named(BaseModel):
    name: str | None


@pipeline("Named", plan={}, title=lambda given: given.name)
async def named(given: Named) -> str: ...


@pipeline("Nameless", plan={})
async def nameless(given: Named) -> str: ...


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Acme", "Acme"),
        ("  Acme\n Ltd.\t", "Acme Ltd."),
        ("A\x1b[31mcme\x00", "A [31mcme"),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 119 + "…"),
        ("Дом 🏡", "Дом 🏡"),
        (" \n", None),
        ("", None),
        (None, None),
    ],
)
def test_a_title_is_one_line_of_at_most_120_characters(name: str | None, title: str | None):
    assert named.titled(Named(name=name)) == title


def test_a_pipeline_that_names_nothing_has_no_titles():
    assert nameless.titled(Named(name="Acme")) is None


def test_a_vision_framework_is_called_by_its_company():
    vision = CATALOGUE["vision_framework"]
    brief = VisionBrief.model_validate(vision.examples[0].input)
    assert vision.titled(brief) == brief.company_name


def test_a_refinement_is_called_by_its_company_and_section():
    request = Refinement.model_validate({**REFINEMENT, "section": "near_term_bets"})
    assert CATALOGUE["refine"].titled(request) == f"{request.answers.company_name}: near term bets"
