"""A page of somebody else's: a plain `EventSource`, the lines of docs/http.md, and tokens that read one run."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from playwright.async_api import Route

from steps.vision_framework.examples import EXAMPLES
from tests.browser import numbered
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.e2e.stack import ROOT, answers, until
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate

TOKEN = "the-token-of-acme"
SECRETS = ("a secret of more than thirty-two characters", "another one, with as many letters as it wants")
NETWORK = r"status of 401|net::ERR_"
"""What the browser itself says of a server that is not there, or does not know a token."""
HEAR = """const freshToken = async (run) => (await fetch(`/run-tokens/${run}`)).text();
window.heard = [];
watchRun("", run, freshToken, (event) => heard.push([event.seq, event.type]));"""


def from_reference() -> str:
    """The lines that people copy."""
    text = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
    found = re.search(r"```js\n(.*?function watchRun.*?)```", text, re.DOTALL)
    assert found, "docs/http.md shows how a page watches a run"
    return found[1]


@dataclass
class Guarded:
    """An API that wants a token, and the server of the page, which has it."""

    site: Site
    asked: list[str] = field(default_factory=list[str])
    stale: list[str] = field(default_factory=list[str])
    """What that server gives before it asks for a good one."""

    async def restarted(self, secret: str) -> None:
        """With another secret no token that was given is good any more."""
        await self.site.api.stop()
        env = {"STEPGLASS_PORT": str(self.site.port), **self.settings(secret)}
        await self.site.stack.start("api", env)
        await answers(f"{self.site.url}/api/health")

    @staticmethod
    def settings(secret: str) -> dict[str, str]:
        return {"STEPGLASS_API_TOKENS": f"acme:{TOKEN}", "STEPGLASS_TOKEN_SECRET": secret}

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=10, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            answer = await client.request(method, f"{self.site.url}{path}", **more)
            answer.raise_for_status()
            return answer

    async def hand_out(self, route: Route) -> None:
        run = route.request.url.rpartition("/")[2]
        self.asked.append(run)
        given = self.stale.pop() if self.stale else (await self.ask("POST", f"/api/runs/{run}/token")).json()["token"]
        await route.fulfill(body=given)


@pytest.fixture
async def guarded(site: Site) -> AsyncIterator[Guarded]:
    parts = site.stack.parts
    before = len(parts)
    yield Guarded(await site.another_api(**Guarded.settings(SECRETS[0])))
    # The last API of the stack is the one that other stories kill.
    for part in parts[before:]:
        await part.stop()
    del parts[before:]


async def test_an_event_source_hears_a_run_once_over_restarts_and_tokens_that_are_refused(
    guarded: Guarded, model: ScriptedModelServer, viewer: OpenViewer
) -> None:
    gate = Gate()
    model.answers("one_pager", numbered.one_pager().holding(gate, after=numbered.after(20)))
    guarded.stale.append("run.out.already")
    brief = next(iter(EXAMPLES.values())).model_dump(mode="json")
    start = {"pipeline": "vision_framework", "input": brief}
    run = (await guarded.ask("POST", "/api/runs", json=start)).json()["run_id"]
    one = await viewer(guarded.site)
    one.excuse(NETWORK)
    await one.page.route("**/run-tokens/*", guarded.hand_out)
    await one.goes_to("/docs")
    await one.page.evaluate(f"(run) => {{ {from_reference()} {HEAR} }}", run)
    await gate.reached.wait()

    async def heard() -> list[list[Any]]:
        return await one.page.evaluate("heard")

    async def some() -> bool:
        return len(await heard()) > 20

    async def all_of_it() -> bool:
        return (await heard())[-1][1] == "complete"

    await until(some, "the page hears the run with a fresh token")
    assert len(guarded.asked) == 2
    await guarded.restarted(SECRETS[1])
    gate.open()
    await until(all_of_it, "the page hears the last word", 60)
    told = (await guarded.ask("GET", f"/api/runs/{run}/events", headers={"Accept": "application/x-ndjson"})).text
    seqs = [seq for seq, _ in await heard()]
    assert len(guarded.asked) == 3
    assert seqs == sorted(set(seqs))
    # Pieces of text may come together to who is slow; all the rest comes one by one.
    log = [[event["seq"], event["type"]] for event in map(json.loads, told.splitlines()) if "seq" in event]
    assert [each for each in await heard() if each[1] != "model_chunk"] == [
        each for each in log if each[1] != "model_chunk"
    ]
