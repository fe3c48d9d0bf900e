"""Connections that break, pages that are loaded again, and several of them: all show the same run."""

import asyncio
import time

from playwright.async_api import Locator, expect

from tests.browser import numbered
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.browser.viewer import STEPS, Viewer
from tests.browser.wire import wire
from tests.e2e.stack import until
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate

PAGE = "Create one-pager"
ALL = len(numbered.WORDS)
NETWORK = r"console error: Failed to load resource: net::ERR_"
"""What the browser itself says of a server that is not there."""

WATCH_BAR = """() => {
    const bar = document.querySelector("dialog [role=progressbar]");
    window.percents = [Number(bar.ariaValueNow)];
    new MutationObserver(() => window.percents.push(Number(bar.ariaValueNow)))
        .observe(bar, { attributeFilter: ["aria-valuenow"] });
}"""

WATCH_TEXT = """new MutationObserver(() => {
    if (document.querySelector("dialog")?.textContent.includes("w119")) window.shownAt ??= performance.now()
}).observe(document, { subtree: true, childList: true, characterData: true })"""


def held(model: ScriptedModelServer, *at: int) -> list[Gate]:
    """The one-pager is written up to so many words, and goes on when the story says."""
    gates = [Gate() for _ in at]
    reply = numbered.one_pager()
    for gate, words in reversed([*zip(gates, at, strict=True)]):
        reply = reply.holding(gate, after=numbered.after(words))
    model.answers("one_pager", reply)
    return gates


def notice(one: Viewer, words: str) -> Locator:
    """What the modal says, and screen readers say, of the connection."""
    return one.modal.get_by_role("status").filter(has_text=words)


async def complete(one: Viewer) -> None:
    """The run is, and shows all of the text, once."""
    for label in STEPS:
        await expect(one.step(label)).to_have_attribute("data-status", "complete")
    await numbered.shows(await one.sees_text_of(PAGE), ALL)


async def test_a_run_goes_on_before_its_viewer_when_the_api_is_killed_and_started_again(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    first, second = held(model, 20, 200)
    one = await viewer(site)
    one.excuse(NETWORK)
    await one.generates()
    text = await one.sees_text_of(PAGE)
    await numbered.shows(text, 20)
    await one.page.evaluate(WATCH_BAR)

    await site.api.kill()
    lost = notice(one, "Connection lost. Reconnecting")
    await expect(lost).to_be_visible()
    await one.shot("1-reconnecting")
    first.open()
    await second.reached.wait()
    assert await numbered.said_in(text) == numbered.WORDS[:20], "what is known stays"
    await site.start_api()
    await numbered.shows(text, 200)
    await expect(lost).to_have_count(0)
    second.open()
    await complete(one)

    percents: list[int] = await one.page.evaluate("window.percents")
    assert percents == sorted(percents), "the bar never goes back"
    assert percents[-1] == 100


async def test_five_seconds_without_a_network_lose_and_double_nothing(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    first, second = held(model, 20, 200)
    async with wire(site.port) as network:
        one = await viewer(Site(site.stack, network.port))
        one.excuse(NETWORK)
        await one.generates()
        text = await one.sees_text_of(PAGE)
        await numbered.shows(text, 20)

        await one.page.context.set_offline(True)
        network.cut()
        back_at = time.monotonic() + 5
        await expect(notice(one, "You are offline.")).to_be_visible()
        await one.shot("1-offline")
        first.open()
        await second.reached.wait()
        await until(lambda: time.monotonic() >= back_at, "five seconds are over")
        network.mend()
        await one.page.context.set_offline(False)
        async with asyncio.timeout(3):
            await numbered.shows(text, 200)
        await expect(notice(one, "You are offline.")).to_have_count(0)
        second.open()
        await complete(one)


async def test_a_network_that_breaks_every_stream_again_and_again_loses_and_doubles_nothing(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    places = (10, 60, 110, 160, 210)
    gates = held(model, *places)
    async with wire(site.port) as network:
        one = await viewer(Site(site.stack, network.port))
        one.excuse(NETWORK)
        await one.generates()
        text = await one.sees_text_of(PAGE)
        for gate, words in zip(gates, places, strict=True):
            await numbered.shows(text, words)
            network.cut()
            gate.open()
            network.mend()
        await complete(one)


async def test_a_page_that_is_loaded_again_shows_the_same_within_a_second(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    (gate,) = held(model, 120)
    one = await viewer(site)
    company = await one.generates()
    await numbered.shows(await one.sees_text_of(PAGE), 120)
    await expect(one.step("Score sections")).to_have_attribute("data-status", "complete")
    before = await statuses(one)

    await one.page.add_init_script(WATCH_TEXT)
    took = [await reloaded(one) for _ in range(3)]
    # The best of three: this machine may have had other things to do.
    assert min(took) < 1000, took
    await expect(one.modal.get_by_role("heading", level=2, name=company)).to_be_visible()
    assert await statuses(one) == before
    assert await numbered.said_in(one.text_of(PAGE)) == numbered.WORDS[:120]
    gate.open()
    await complete(one)


async def test_two_tabs_and_another_device_show_the_same_live(
    site: Site, model: ScriptedModelServer, viewer: OpenViewer
):
    first, second = held(model, 40, 140)
    one = await viewer(site)
    await one.generates()
    await first.reached.wait()
    tab, device = await viewer(site, beside=one), await viewer(site, viewport={"width": 390, "height": 844})
    everyone = (one, tab, device)
    for other in (tab, device):
        await other.goes_to(f"/runs/{one.run_id}")
    for each in everyone:
        await numbered.shows(await each.sees_text_of(PAGE), 40)
    first.open()
    for each in everyone:
        await numbered.shows(each.text_of(PAGE), 140)
    assert await statuses(one) == await statuses(tab) == await statuses(device)
    second.open()
    for each in everyone:
        await complete(each)


async def statuses(one: Viewer) -> list[str | None]:
    return [await one.step(label).get_attribute("data-status") for label in STEPS]


async def reloaded(one: Viewer) -> float:
    """Milliseconds from the beginning of the load until the text was there again."""
    await one.page.reload()
    await expect(one.text_of(PAGE)).to_contain_text(numbered.WORDS[119])
    return await one.page.evaluate("window.shownAt")
