"""The model that benchmarks ask, with real clients: what it says, when, and what it remembers of it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, replace

import httpx2
import pytest
from pydantic import SecretStr

from bench._model import Connection, Server
from bench._script import Answer, original, plain, stamps, vision_script
from llm.client import Call
from llm.config import ModelConfig
from llm.openai import open_model
from steps.vision_framework.document import SECTION_NAMES, Framework
from steps.vision_framework.violations import violations

Run = httpx2.AsyncClient
"""Of one that asks the server, at `base_url`."""
CONFIG = ModelConfig(None, SecretStr("key"), "heavy", "light")


@pytest.fixture
def client() -> httpx2.AsyncClient:
    """Made outside of the loop: it imports half of its wire."""
    return httpx2.AsyncClient()


@pytest.fixture
async def served(client: httpx2.AsyncClient) -> AsyncIterator[Run]:
    shared = Server()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(shared), "127.0.0.1", 0)
    client.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, client:
        yield client


async def play(served: Run, **answers: Answer) -> None:
    (await served.put("/script", json=plain(answers))).raise_for_status()


async def ask(served: Run, step: str) -> list[str]:
    async with open_model(replace(CONFIG, base_url=str(served.base_url.join("/v1")))) as model:
        call = Call("", "Go on.", labels={"run": "1", "step": step, "lane": ""})
        async with model.stream(call) as deltas:
            return [delta.text async for delta in deltas if delta.text]


async def test_our_own_client_understands_it_token_by_token(served: Run):
    await play(served, brief=Answer("It brings power to every village."))
    assert "".join(await ask(served, "brief")) == "It brings power to every village."


async def test_a_stamped_token_says_when_it_was_sent_and_the_calls_are_remembered(served: Run):
    await play(served, brief=Answer("one two three", every=0.01, stamped=True))
    began = time.monotonic()
    sent = stamps("".join(await ask(served, "brief")))
    assert len(sent) == 3 and began <= sent[0] < sent[1] < sent[2] <= time.monotonic()
    assert sent[2] - sent[0] >= 0.019
    (call,) = (await served.get("/calls", params={"run": "1"})).json()
    assert call["step"] == "brief" and call["run"] == "1"
    assert began <= call["asked"] <= call["first"] <= call["last"] <= time.monotonic()
    assert (await served.get("/calls", params={"run": "2"})).json() == []
    await served.delete("/calls")
    assert (await served.get("/calls")).json() == []


async def test_whoever_wants_no_stream_gets_the_whole_answer_and_names_the_step_as_the_model(served: Run):
    await play(served, **{"scoring/vision": Answer("Well.")})
    said = await served.post("/v1/chat/completions", json={"model": "scoring/vision", "messages": []})
    assert said.json()["choices"][0]["message"]["content"] == "Well."
    assert (await served.post("/v1/chat/completions", json={"model": "qa", "messages": []})).status_code == 418


def test_its_answers_are_good_and_the_flawed_one_is_mended_by_its_repair():
    good, flawed = vision_script(), vision_script(repair=True)
    assert violations(json.loads(good["framework"].text)) == []
    draft = json.loads(flawed["framework"].text)
    assert [one.pointer for one in violations(draft)] == ["/vision"]
    mended = draft | json.loads(flawed["validation"].text)
    assert violations(mended) == [] and set(SECTION_NAMES) <= set(Framework.model_fields)


def test_the_pace_is_that_of_the_original_ten_times_faster():
    script = vision_script(original())
    last = {step: answer.paced()[-1][0] for step, answer in script.items()}
    assert sum(original().values()) == pytest.approx(7.1)
    assert last["framework"] == pytest.approx(2.5) and last["scoring/vision"] == pytest.approx(1.0)
    assert asdict(script["qa"])["seconds"] == pytest.approx(1.0)
