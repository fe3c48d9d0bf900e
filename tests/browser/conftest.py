"""One browser and one stack per kind of model for all stories, and a context of its own for each."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright, expect

from scripts.programs import program as installed
from tests import vision
from tests.browser.site import Site, build, open_demo_site, open_site
from tests.browser.viewer import OUTPUT, Viewer
from tests.clusters import own_database
from tests.e2e.stack import free_port
from tests.scripted_model import ScriptedModelServer, scripted_model

HERE = Path(__file__).parent
PATIENCE_MS = 15_000
# Without a window, and without the calls home that a machine without the internet has to wait for.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DEMO_SPEED = 8
# A page that could not be loaded has no storage.
STAYS = """try { localStorage["stepglass.preferences"] ??= '{"autoOpen": false}' } catch {}"""

OpenViewer = Callable[..., Awaitable[Viewer]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All stories in a browser come together, after the rest, so that browser and stacks start once."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.timeout(120))
    items[:] = [item for item in items if HERE not in item.path.parents] + ours


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """The loop in these tests is the test's alone: our processes have loops of their own."""
    yield


@pytest.fixture(scope="package")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, built."""
    return build(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=installed("chromium"), args=FLAGS, chromium_sandbox=False
        )
        yield browser
        await browser.close()


@pytest.fixture(scope="package")
async def demo(postgres: str, page: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The stack with the demo model."""
    folder = tmp_path_factory.mktemp("demo")
    async with own_database(postgres) as url, open_demo_site(folder, url, page, DEMO_SPEED) as site:
        yield site


@pytest.fixture(scope="package")
def model_port() -> int:
    return free_port()


@pytest.fixture
async def model(model_port: int) -> AsyncIterator[ScriptedModelServer]:
    """The model behind `site`: it gets everything right, unless the story says otherwise."""
    async with scripted_model(model_port) as server:
        vision.script(server)
        yield server


@pytest.fixture(scope="package")
async def scripted_site(
    postgres: str, page: Path, model_port: int, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("scripted")
    async with own_database(postgres) as url, open_site(folder, url, page, f"http://127.0.0.1:{model_port}/v1") as site:
        yield site


@pytest.fixture
async def site(scripted_site: Site, model: ScriptedModelServer) -> AsyncIterator[Site]:
    """The stack with a model that does what a story says. A story that ends early leaves the others an API."""
    yield scripted_site
    if scripted_site.api.process.returncode is not None:
        await scripted_site.start_api()


@pytest.fixture
async def viewer(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[OpenViewer]:
    """Opens a tab in a context of its own, or beside another one's: `await viewer(site, beside=first)`. Who is patient
    stays in the modal when the run is complete. In the end nothing may have happened that no page of ours may do."""
    folder = OUTPUT / re.sub(r"[^\w-]+", "-", request.node.name.removeprefix("test_"))[:120].rstrip("-")
    viewers: list[Viewer] = []
    async with AsyncExitStack() as stack:

        async def open_viewer(
            site: Site, *, beside: Viewer | None = None, patient: bool = True, **options: Any
        ) -> Viewer:
            context = beside.page.context if beside else await browser.new_context(**options)
            if not beside:
                stack.push_async_callback(context.close)
                context.set_default_timeout(PATIENCE_MS)
                if patient:
                    await context.add_init_script(STAYS)
            one = Viewer(await context.new_page(), site, folder)
            one.watch()
            viewers.append(one)
            return one

        yield open_viewer
        await asyncio.gather(*(one.shot(f"end-{number}") for number, one in enumerate(viewers, 1)))
    assert [said for one in viewers for said in one.unexcused] == []
