"""Runs on which something goes wrong, as their viewers see it."""

import asyncio
import re

from playwright.async_api import Route, expect

from tests import vision
from tests.browser import numbered
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate, error

PAGE = "Create one-pager"


async def test_an_attempt_that_breaks_off_is_withdrawn_and_the_next_one_shown(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    broken, second = Gate(), Gate()
    first = numbered.one_pager().holding(broken, after=numbered.after(60)).then("cut", after=numbered.after(61))
    model.answers("one_pager", first, numbered.one_pager().holding(second, after=numbered.after(30)))
    one = await viewer(site)
    await one.generates()
    text = await one.sees_text_of(PAGE)
    await numbered.shows(text, 60)

    broken.open()
    await expect(one.step(PAGE)).to_contain_text("Attempt 2")
    await expect(text.locator("del")).to_contain_text("w59")
    await expect(text).to_contain_text("Withdrawn: this attempt failed")
    await second.reached.wait()
    await one.shot("1-withdrawn")
    await expect(text.locator("del")).to_have_count(0)
    await numbered.shows(text, 30)
    second.open()
    await expect(one.step(PAGE)).to_have_attribute("data-status", "complete")
    await numbered.shows(text, len(numbered.WORDS))
    await expect(one.button("Open the result")).to_be_visible()


async def test_a_model_that_fails_for_good_is_told_of_in_words_and_may_be_tried_again(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    gate = Gate()
    refusal = error(400, "The prompt is too long", code="context_length_exceeded")
    model.answers("framework", refusal.holding(gate, after=0))
    one = await viewer(site)
    company = await one.generates()
    await expect(one.step("Generate brief")).to_have_attribute("data-status", "complete")
    gate.open()

    alert = one.modal.get_by_role("alert")
    await expect(one.modal).to_contain_text("The run failed")
    await expect(alert).to_contain_text("In the step “Generate framework”.")
    await expect(alert).not_to_contain_text(re.compile(r"Traceback|Exception|\{"))
    await expect(one.step("Generate framework")).to_have_attribute("data-status", "error")
    await one.shot("1-failed")
    failed = one.run_id

    model.answers("framework", vision.framework())
    await one.modal.get_by_role("button", name="Retry from “Generate framework”").click()
    await expect(one.page).not_to_have_url(re.compile(failed))
    await expect(one.modal.get_by_role("heading", name="Your result is ready")).to_be_visible()
    await one.button("Open the result").click()
    await expect(one.page.get_by_role("heading", level=1, name=company)).to_be_visible()
    assert len([call for call in model.calls if call.step == "brief"]) == 2, "what was finished is not asked for again"


async def test_while_a_run_is_being_started_there_is_nothing_to_try_again(site: Site, viewer: OpenViewer):
    accepted = asyncio.Event()

    async def hold(route: Route) -> None:
        await accepted.wait()
        await route.continue_()

    one = await viewer(site)
    await one.page.route("**/api/runs", hold)
    await one.goes_to("/new")
    await one.loads_example()
    await one.page.keyboard.press("Control+Enter")
    await expect(one.modal).to_contain_text("Starting the run…")
    await expect(one.button("Close").last).to_be_visible()
    await expect(one.button("Try again")).to_have_count(0)
    accepted.set()
    await expect(one.button("Open the result")).to_be_visible()


async def test_cancelling_asks_first_and_hangs_up_on_the_model(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    never = Gate()
    model.answers("one_pager", numbered.one_pager().holding(never, after=numbered.after(20)))
    one = await viewer(site)
    await one.generates()
    await never.reached.wait()
    asking = one.page.get_by_role("alertdialog", name="Cancel run")

    await one.button("Cancel run").click()
    await expect(asking).to_contain_text("What is being written now is lost.")
    await expect(one.button("Keep it running")).to_be_focused()
    await one.shot("1-asking")
    await one.page.keyboard.press("Enter")
    await expect(asking).to_have_count(0)
    assert (await site.get(f"/api/runs/{one.run_id}"))["status"] == "running"

    await one.button("Cancel run").click()
    await asking.get_by_role("button", name="Cancel run").click()
    await expect(one.modal).to_contain_text("The run was cancelled")
    await (await model.called("one_pager")).gone()
    assert (await site.get(f"/api/runs/{one.run_id}"))["status"] == "cancelled"
    await expect(one.step("Generate framework")).to_have_attribute("data-status", "complete")
