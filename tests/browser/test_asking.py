"""A run that asks a person what is to be done, from the question to the result."""

import re
from copy import deepcopy
from typing import Any, Literal

import pytest
from playwright.async_api import Locator, expect

from tests import vision
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.browser.test_keyboard import tabs_to
from tests.browser.test_people import SIZES, Tour
from tests.browser.viewer import Viewer
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import said_json

ASKING = vision.BRIEF | {"on_invalid": "ask"}
ONE_SENTENCE = "Every village has power of its own and nobody waits."
VISION = "Every village has power of its own. Nobody waits for a grid that never comes."


def wrong() -> dict[str, Any]:
    """Out of bounds in two sections, however often it is repaired."""
    draft = deepcopy(vision.FRAMEWORK)
    draft["vision"] = ONE_SENTENCE
    draft["metrics"][1]["cadence"] = "yearly"
    return draft


@pytest.fixture
def stubborn(model: ScriptedModelServer) -> ScriptedModelServer:
    draft = wrong()
    model.answers("framework", said_json(draft))
    model.answers("validation", said_json({name: draft[name] for name in ("vision", "metrics")}))
    return model


async def asked(one: Viewer, site: Site) -> Locator:
    """The form of a run that asks, in the modal of its page."""
    run = await site.post("/api/runs", {"pipeline": "vision_framework", "input": ASKING})
    await one.goes_to(f"/runs/{run['run_id']}")
    form = one.modal.get_by_role("region", name="Your answer is needed")
    await expect(form).to_be_visible()
    return form


async def test_what_a_run_asks_is_answered_without_a_mouse_and_over_a_reload(
    site: Site, stubborn: ScriptedModelServer, viewer: OpenViewer
):
    one = await viewer(site)
    page, keyboard = one.page, one.page.keyboard
    form = await asked(one, site)
    await expect(form.get_by_role("heading")).to_be_focused()
    await expect(form).to_contain_text("The vision has 1 sentence; 2 to 3 are asked for.")
    await expect(form).to_contain_text(re.compile(r"Answer within 23 h \d+ min. .* “Give up”"))
    await expect(one.modal.get_by_role("status").filter(has_text="The run asks you: The framework")).to_have_count(1)
    await one.shot("1-asked")

    await tabs_to(page, "Edit it by hand")
    await keyboard.press("Space")
    await tabs_to(page, "Vision")
    await keyboard.press("Control+A")
    await keyboard.type(VISION)
    await page.reload()
    await expect(form.get_by_label("Vision")).to_have_value(VISION)
    await expect(form.get_by_role("radio", name="Edit it by hand")).to_be_checked()

    await form.get_by_label("Vision").press("Control+Enter")
    cadence = form.get_by_label("Cadence").nth(1)
    await expect(cadence).to_be_focused()
    await expect(form).to_contain_text("Please choose.")
    await one.shot("2-wrong")
    await keyboard.press("q")
    await tabs_to(page, "Send the answer")
    await keyboard.press("Enter")

    await expect(one.button("Open the result")).to_be_visible()
    await keyboard.press("Escape")
    await expect(one.panel).to_contain_text(VISION)
    result = await site.get(f"/api/runs/{one.run_id}/result")
    assert result["framework"]["metrics"][1]["cadence"] == "quarterly"
    kept: list[str] = await page.evaluate("Object.keys(sessionStorage).filter(key => key.includes('.answer.'))")
    assert kept == [], "what was sent is kept no longer"


async def test_who_closed_the_modal_is_told_and_answers_on_the_page(
    site: Site, stubborn: ScriptedModelServer, viewer: OpenViewer
):
    one, other = await viewer(site), await viewer(site)
    await asked(one, site)
    await one.button("Run in the background").click()
    await expect(one.page.get_by_role("button", name="asks you, answer it")).to_be_visible()
    await expect(one.page).to_have_title(re.compile(r"^\(1\) "))
    await other.goes_to(f"/runs/{one.run_id}")
    await other.modal.get_by_role("radio", name="Have it repaired again").check()

    await one.page.get_by_role("radio", name="Give up").check()
    await one.button("Send the answer").click()
    await expect(one.page.get_by_role("alert")).to_contain_text("vision")
    await expect(other.modal.get_by_role("alert")).to_be_visible()
    await expect(one.page).not_to_have_title(re.compile(r"^\(1\) "))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_a_run_that_waits_is_for_everybody(
    site: Site, stubborn: ScriptedModelServer, viewer: OpenViewer, size: str, scheme: Literal["light", "dark"]
):
    one = await viewer(site, color_scheme=scheme, reduced_motion="reduce", **SIZES[size])
    tour = Tour(one)
    form = await asked(one, site)
    await tour.look("asked")
    await form.get_by_role("radio", name="Edit it by hand").check()
    await one.button("Send the answer").click()
    await expect(form).to_contain_text("Please choose.")
    await tour.look("wrong")
    await one.button("Pause").click()
    await expect(one.modal).to_contain_text("The run is paused: it goes on with your answer once it is resumed.")
    await tour.look("paused")
    await one.button("Run in the background").click()
    await expect(one.page.get_by_role("region", name="Your answer is needed")).to_be_visible()
    await tour.look("page")
    await one.page.get_by_role("button", name="asks you, answer it").click()
    await one.button("Resume").click()
    await one.page.get_by_role("radio", name="Give up").check()
    await one.button("Send the answer").click()
    await expect(one.modal.get_by_role("alert")).to_be_visible()
    assert not tour.wrong, tour.report
