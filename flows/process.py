"""The worker as a process: its resources, its thread, its signals.

The engine has a thread and an event loop of its own. Prefect replaces the SIGTERM handler of the main thread while it
runs a flow there, and would end the loop with every run on it; in another thread it leaves the signals to us.
"""

import asyncio
import gc
import logging
import signal
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack

from events.store import STARTING, Store, open_store
from flows import _prefect_env
from flows._alerting import Hook, alerting
from flows._carry import Tools
from flows._children import beginners
from flows._orphans import ending_orphans
from flows._spending import Spending
from flows._upkeep import sweeping, upkeep
from flows.catalogue import CATALOGUE
from flows.models import config_of, model_of, profile_of
from flows.worker import Worker
from observe.worker import Wanted, Watched, observed
from settings import Settings

log = logging.getLogger("stepglass.worker")


def run_worker(settings: Settings, ready: Callable[[], None] = lambda: None) -> int:
    """Work until SIGTERM or SIGINT; the second one ends the process at once. Gives the exit code.

    `ready` is called once, when the worker can take runs. Raises `BadSettings` before anything is opened.
    """
    settings.guard_metrics()
    config_of(settings)
    if settings.anonymous_metrics:
        log.warning("anyone on the network can see the metrics: STEPGLASS_ALLOW_ANONYMOUS is set")
    thread = _Engine(settings, ready)
    stopping = threading.Event()

    def stop(signum: int, frame: object) -> None:
        if stopping.is_set():
            signal.raise_signal(signal.SIGKILL)
        stopping.set()
        thread.drain()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    thread.start()
    while thread.is_alive():
        thread.join(timeout=1.0)  # in pieces: a join without end would hold back the signals
    return thread.code


class _Engine(threading.Thread):
    """The thread in which the worker's loop runs. `drain()` may be called at any time, from any thread."""

    def __init__(self, settings: Settings, ready: Callable[[], None]) -> None:
        super().__init__(name="engine", daemon=True)
        self.code = 0
        self._settings = settings
        self._ready = ready
        self._asked = threading.Event()
        self._drain: Callable[[], None] = lambda: None

    def drain(self) -> None:
        self._asked.set()
        self._drain()

    def run(self) -> None:
        try:
            asyncio.run(self._work())
        except Exception:
            log.exception("the worker stopped")
            self.code = 1

    async def _work(self) -> None:
        async with AsyncExitStack() as stack:
            worker = await open_worker(self._settings, stack)
            loop = asyncio.get_running_loop()
            self._drain = lambda: loop.call_soon_threadsafe(worker.drain) and None
            if self._asked.is_set():
                return
            # What is here now stays. Looking through it for garbage, again and again, would take a quarter of a second
            # each time, in which all runs stand still.
            gc.collect()
            gc.freeze()
            log.info("worker %s is ready", worker.name)
            self._ready()
            await worker.work()
            self._drain = lambda: None


async def open_tools(settings: Settings, stack: AsyncExitStack) -> Tools:
    """The store and the model, closed with the stack. Raises `ValueError` without `DATABASE_URL`."""
    store = await stack.enter_async_context(open_store(settings.store_url, STARTING))
    return await _tools(settings, store, stack, port=0)


async def _tools(settings: Settings, store: Store, stack: AsyncExitStack, *, port: int) -> Tools:
    """`port` is where the figures of this process are, 0 for nowhere."""
    plain = Watched(store.log, await stack.enter_async_context(model_of(settings)))
    seen = await stack.enter_async_context(observed(plain, _wanted(settings, port)))
    return Tools(
        seen.log,
        store.runs,
        seen.model,
        profile=profile_of(settings),
        lease=settings.lease,
        renew_every=0.3 * settings.lease,
        models=settings.models,
        answer_within=settings.answer_within,
        children=beginners(store.log, store.runs, store.batches, CATALOGUE, settings),
        spending=Spending(store.runs, most) if (most := settings.spend_per_day_usd) else None,
    )


def _hook(settings: Settings) -> Hook | None:
    if settings.webhook_url is None:
        return None
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else None
    return Hook(settings.webhook_url.get_secret_value(), secret, source=settings.url)


def _wanted(settings: Settings, port: int) -> Wanted:
    return Wanted(
        metrics=settings.metrics,
        host=settings.host,
        port=port,
        names=settings.names,
        digest=settings.metrics_digest,
        traces=settings.otlp_endpoint is not None,
    )


async def open_worker(settings: Settings, stack: AsyncExitStack) -> Worker:
    """A worker and all that it needs, closed in order with the stack."""
    store = await stack.enter_async_context(open_store(settings.store_url, STARTING))
    tools = await _tools(settings, store, stack, port=settings.metrics_port)
    duties = [
        sweeping(store.retention, settings.compact_after, settings.keep_runs),
        alerting(store.alerts, _hook(settings)),
        ending_orphans(store.batches, store.runs),
    ]
    await stack.enter_async_context(upkeep(*duties))
    if not _prefect_env.apply(settings.prefect_api_url):
        return Worker(tools, CATALOGUE, most=settings.worker_runs)
    from flows._health import Health
    from flows._operators import Operators  # Prefect reads its environment when it is imported

    health = Health(_prefect_env.api_url(), _prefect_env.authorization())
    operators = Operators(
        tools,
        health,
        url=settings.url,
        most=settings.prefect_runs,
        budget=settings.prefect_budget,
        documents=settings.publishes_documents_of,
    )
    await stack.enter_async_context(operators.at_work(CATALOGUE))
    return Worker(tools, CATALOGUE, most=settings.worker_runs, operators=operators)
