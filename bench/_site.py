"""What the page is measured against: the production build of web/, and the real stack with the demo model."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from events import migrations
from events.embedded import embedded_postgres
from events.store import Store, open_store
from tests.browser.site import build
from tests.clusters import open_folder
from tests.e2e.stack import Stack, answers, free_port, open_stack, until

MODELS = {"STEPGLASS_MODEL_HEAVY": "stepglass-demo-heavy", "STEPGLASS_MODEL_LIGHT": "stepglass-demo-light"}
SPEED = "0.25"
"""Of the demo model: a step that is looked at again and again must still be at it on a busy machine."""
PATIENCE = 120


@dataclass(frozen=True)
class Site:
    """A running Stepglass: where the page is, and what is behind it."""

    url: str
    store: Store
    database_url: str


@asynccontextmanager
async def open_site(page: Path | None) -> AsyncGenerator[Site]:
    """PostgreSQL, Prefect, the demo model, a worker and an API that serves `page`.

    Without `page`, web/ is built for it. All of it is on free ports and in a temporary directory, and gone afterwards.
    """
    with open_folder("stepglass-bench-") as folder:
        built = page or await asyncio.to_thread(build, folder / "page")
        with embedded_postgres(folder / "data") as url:
            await asyncio.to_thread(lambda: asyncio.run(migrations.migrate(url)))
            port = free_port()
            async with open_stack(folder, url, f"http://127.0.0.1:{port}/v1") as stack, open_store(url) as store:
                yield Site(await begin(stack, port, built), store, url)


async def begin(stack: Stack, port: int, built: Path) -> str:
    """Start the parts; gives the API's URL once all of them are ready."""
    stack.env |= {**MODELS, "STEPGLASS_WEB_DIR": str(built)}
    await stack.start("demo", {"STEPGLASS_DEMO_PORT": str(port), "STEPGLASS_DEMO_SPEED": SPEED})
    await answers(f"http://127.0.0.1:{port}/v1/models")
    with suppress(AssertionError):
        await stack.prefect()
    await answers(f"{stack.prefect_url}/health", PATIENCE)  # On a machine with much to do it takes its time.
    worker = await stack.worker()
    api = await stack.api()
    await until(lambda: "Prefect answers" in worker.output.read_text(), "the worker has found Prefect", PATIENCE)
    return api
