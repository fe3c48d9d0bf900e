"""Tokens that read one run: what they open, what they do not, how they end, and that nobody else can make one."""

import base64
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any
from uuid import UUID

import anyio
import jwt
import pytest
from httpx2 import AsyncClient, Response
from pydantic import SecretStr

import logs
from api.app import create_app
from api.operations import OPERATIONS
from api.run_tokens import AUDIENCE, ISSUER, Reader, RunTokens
from events.errors import StoreUnavailable
from events.keys import MemoryKeys
from events.store import Store, open_store
from tests.api.conftest import in_process, problem, running, settings_with
from tests.api.editing import made
from tests.api.test_starting import START
from tests.api.writing import accept, hold, rest_of
from tests.histories import simple_story
from tests.sse_parser import parse

SECRET = "a secret of thirty-two characters"
TOKENS = "acme:the-token-of-acme,beta:the-token-of-beta"
ACME, BETA = ({"Authorization": f"Bearer the-token-of-{tenant}"} for tenant in ("acme", "beta"))
SETTINGS = settings_with(api_tokens=TOKENS, token_secret=SECRET)
READING = [each.path for each in OPERATIONS if each.method == "GET" and each.path.startswith("/api/runs/{run_id}")]
NOT_OF_A_RUN = ["/api/runs", "/api/runs/events", "/api/stats", "/api/pipelines", "/api/nothing"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A run of acme's, which has ended, another one, and one of beta's."""

    client: AsyncClient
    run_id: UUID
    other: UUID
    theirs: UUID

    async def token(self, run_id: UUID | None = None, **headers: str) -> Response:
        return await self.client.post(f"/api/runs/{run_id or self.run_id}/token", headers=headers or ACME)

    async def get(self, path: str, token: str, **more: Any) -> Response:
        path = path.format(run_id=self.run_id, version=1)
        return await self.client.get(path, headers={"Authorization": f"Bearer {token}"}, **more)

    async def events(self, token: str, run_id: UUID | None = None) -> Response:
        return await self.client.get(f"/api/runs/{run_id or self.run_id}/events", params={"token": token})


@pytest.fixture
async def ask(store: Store) -> AsyncIterator[Asked]:
    runs = [await made(store, tenant=tenant) for tenant in ("acme", "acme", "beta")]
    async with in_process(create_app(SETTINGS, store)) as client:
        yield Asked(client, *runs)


def forged(ask: Asked, key: Any = SECRET, algorithm: str = "HS256", **other: Any) -> str:
    """A token as ours, but for what is said to be otherwise; None: left out."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(ask.run_id), "tenant": "acme", "iat": now, "exp": now + 60}
    return jwt.encode({name: value for name, value in {**claims, **other}.items() if value is not None}, key, algorithm)


async def test_a_token_is_good_for_a_quarter_of_an_hour(ask: Asked):
    response = await ask.token()

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    left = response.json()["expires_at"] / 1000 - time.time()
    assert 880 < left <= 900


async def test_in_the_address_it_opens_the_events_of_its_run_as_an_event_source_asks_for_them(ask: Asked):
    token = (await ask.token()).json()["token"]

    response = await ask.events(token)

    assert response.status_code == 200
    assert parse(response.content)[-1].data


@pytest.mark.parametrize("path", READING)
async def test_as_a_bearer_token_it_reads_all_of_its_run(ask: Asked, path: str):
    token = (await ask.token()).json()["token"]

    with_it, with_ours = (
        await ask.get(path, token),
        await ask.client.get(path.format(run_id=ask.run_id, version=1), headers=ACME),
    )

    assert with_it.status_code == with_ours.status_code == 200


@pytest.mark.parametrize("path", READING)
async def test_of_another_run_it_reads_nothing_whosever_that_is(ask: Asked, path: str):
    token = (await ask.token()).json()["token"]

    for run_id in (ask.other, ask.theirs, UUID(int=7)):
        response = await ask.get(path.replace("{run_id}", str(run_id)), token)
        assert problem(response) == (401, "unauthorized")
        assert problem(await ask.events(token, run_id)) == (401, "unauthorized")


@pytest.mark.parametrize("path", NOT_OF_A_RUN)
async def test_anywhere_else_it_is_no_token(ask: Asked, path: str):
    token = (await ask.token()).json()["token"]

    assert problem(await ask.get(path, token)) == (401, "unauthorized")
    assert problem(await ask.client.get(path, params={"token": token})) == (401, "unauthorized")


@pytest.mark.parametrize("path", [path for path in READING if not path.endswith("/events")])
async def test_in_an_address_it_opens_nothing_but_the_events(ask: Asked, path: str):
    token = (await ask.token()).json()["token"]

    response = await ask.client.get(path.format(run_id=ask.run_id, version=1), params={"token": token})

    assert problem(response) == (401, "unauthorized")


@pytest.mark.parametrize("name", [each.id for each in OPERATIONS if each.method != "GET"])
async def test_it_changes_nothing(ask: Asked, name: str, store: Store):
    token = (await ask.token()).json()["token"]
    operation = next(each for each in OPERATIONS if each.id == name)
    path = operation.path.format(run_id=ask.run_id, batch_id=ask.run_id, version=1, input_id="x")
    before = len((await store.runs.page("acme")).runs)

    ways: list[dict[str, Any]] = [{"headers": {"Authorization": f"Bearer {token}"}}, {"params": {"token": token}}]
    for way in ways:
        response = await ask.client.request(operation.method, path, json=START, **way)
        assert problem(response) == (401, "unauthorized")

    assert len((await store.runs.page("acme")).runs) == before


async def test_a_tenant_s_own_token_is_never_taken_from_an_address(ask: Asked):
    assert problem(await ask.events("the-token-of-acme")) == (401, "unauthorized")


async def test_two_tokens_in_an_address_are_none(ask: Asked):
    token = (await ask.token()).json()["token"]

    response = await ask.client.get(f"/api/runs/{ask.run_id}/events?token={token}&token={token}")

    assert problem(response) == (401, "unauthorized")


async def test_nobody_gets_one_for_a_run_that_is_not_his(ask: Asked):
    assert problem(await ask.token(ask.theirs)) == (404, "unknown-run")
    assert problem(await ask.token(UUID(int=7))) == (404, "unknown-run")
    assert problem(await ask.client.post(f"/api/runs/{ask.run_id}/token")) == (401, "unauthorized")


async def test_what_only_looks_like_one_is_none(ask: Asked, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("observe.refused.LATE", 0.0)
    head, body, signature = forged(ask).split(".")
    nobody_signs = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    wrong = {
        "signed by somebody else": forged(ask, key="another secret of thirty-two characters"),
        "signed by nobody": forged(ask, key="", algorithm="none"),
        "with its signature taken off": f"{nobody_signs}.{body}.",
        "said to be signed by nobody": f"{nobody_signs}.{body}.{signature}",
        "with another method": forged(ask, key=SECRET * 2, algorithm="HS512"),
        "with the method changed": forged(ask, key=SECRET * 2, algorithm="HS384"),
        "cut short": f"{head}.{body}.{signature[:-4]}",
        "with other contents": f"{head}.{forged(ask, tenant='beta').split('.')[1]}.{signature}",
        "of yesterday": forged(ask, exp=int(time.time()) - 1),
        "for ever": forged(ask, exp=None),
        "of no time": forged(ask, iat=None),
        "of another run": forged(ask, sub=str(ask.other)),
        "of no run": forged(ask, sub=None),
        "of a tenant that there is not": forged(ask, tenant="gamma"),
        "of nobody": forged(ask, tenant=None),
        "for something else": forged(ask, aud="another"),
        "from somewhere else": forged(ask, iss="another"),
        "nothing": "..",
        "noise": "a.b.c",
    }
    for what, token in wrong.items():
        assert (await ask.events(token)).status_code == 401, what
        assert (await ask.get("/api/runs/{run_id}", token)).status_code == 401, what
    assert (await ask.events(forged(ask))).status_code == 200


async def test_one_that_names_another_tenant_finds_nothing_there(ask: Asked):
    assert problem(await ask.events(forged(ask, tenant="beta"))) == (404, "unknown-run")


async def test_it_ends_and_another_one_goes_on():
    now = 1_000_000.0
    tokens, run_id = RunTokens(SecretStr(SECRET), MemoryKeys(), lambda: now), UUID(int=7)
    first = (await tokens.issue(run_id, "acme")).token
    now += 899
    second = (await tokens.issue(run_id, "acme")).token
    assert await tokens.reader(first, run_id) == Reader("acme", 1.0)
    now += 1
    assert await tokens.reader(first, run_id) == Reader("acme", 0.0)
    assert Reader("acme", 0.0).expired
    assert await tokens.reader(second, run_id) == Reader("acme", 899.0)


async def test_m9_an_expired_one_is_refused_and_not_taken_for_a_guess(ask: Asked, caplog: pytest.LogCaptureFixture):
    assert (await ask.events(forged(ask, exp=int(time.time()) - 1))).status_code == 401
    assert "unknown token" not in caplog.text

    assert (await ask.events(forged(ask, sub=str(ask.other)))).status_code == 401
    assert "requests with an unknown token: 1, the last one from 127.0.0.1" in caplog.text


async def test_a_stream_ends_with_the_token_that_opened_it_and_goes_on_with_the_next(store: Store):
    run_id = await accept(store, tenant="acme")
    writer = await hold(store, run_id)
    async with running(SETTINGS, store) as api, api.client() as client:
        short = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(run_id), "tenant": "acme", "iat": int(time.time())}
        token = jwt.encode({**short, "exp": int(time.time()) + 2}, SECRET, "HS256")
        with anyio.fail_after(20):
            first = await client.get(f"/api/runs/{run_id}/events", params={"token": token})
        again = await client.get(f"/api/runs/{run_id}/events", params={"token": token, "after": "1"})
        await writer.write(rest_of(simple_story()))
        fresh = (await client.post(f"/api/runs/{run_id}/token", headers=ACME)).json()["token"]
        rest = await client.get(f"/api/runs/{run_id}/events", params={"token": fresh, "after": "1"})

    assert [frame.own_id for frame in parse(first.content) if frame.own_id] == ["1"]
    assert problem(again) == (401, "unauthorized")
    assert [frame.own_id for frame in parse(rest.content) if frame.own_id][:2] == ["2", "3"]


async def test_who_has_lost_its_tenant_reads_nothing_more(ask: Asked, store: Store):
    token = (await ask.token()).json()["token"]
    fewer = settings_with(api_tokens="beta:the-token-of-beta", token_secret=SECRET)
    async with in_process(create_app(fewer, store)) as client:
        response = await client.get(f"/api/runs/{ask.run_id}/events", params={"token": token})

    assert problem(response) == (401, "unauthorized")


async def test_without_a_secret_all_processes_find_the_one_in_the_database(database_url: str):
    settings = settings_with(api_tokens=TOKENS)
    async with open_store(database_url) as one_store, open_store(database_url) as other_store:
        run_id = await made(one_store, tenant="acme")
        async with in_process(create_app(settings, one_store)) as one:
            token = (await one.post(f"/api/runs/{run_id}/token", headers=ACME)).json()["token"]
        async with in_process(create_app(settings, other_store)) as other:
            response = await other.get(f"/api/runs/{run_id}/result", headers={"Authorization": f"Bearer {token}"})

        assert response.status_code == 200
        assert await one_store.keys.signing() == await other_store.keys.signing()


async def test_when_the_store_cannot_give_the_key_nobody_is_told_that_his_token_is_bad(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    async def away(self: MemoryKeys) -> bytes:
        raise StoreUnavailable("no route to host db.internal")

    run_id = await made(store, tenant="acme")
    monkeypatch.setattr(MemoryKeys, "signing", away)
    async with in_process(create_app(settings_with(api_tokens=TOKENS), store)) as client:
        response = await client.get(f"/api/runs/{run_id}/events", params={"token": "a.b.c"})

    assert problem(response) == (503, "unavailable")
    assert "db.internal" not in response.text


async def test_without_tokens_in_the_settings_one_is_given_and_not_asked_for(client: AsyncClient, store: Store):
    run_id = await made(store)

    token = (await client.post(f"/api/runs/{run_id}/token")).json()["token"]

    for given in (token, "whatever"):
        response = await client.get(f"/api/runs/{run_id}/events", params={"token": given})
        assert response.status_code == 200


def test_a_secret_that_is_too_short_is_a_mistake():
    with pytest.raises(ValueError, match="at least 32"):
        settings_with(token_secret="short")


@pytest.fixture
def told_to_the_log() -> Iterator[StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = StringIO()
    logs.configure("DEBUG", json=True, secrets=logs.secrets_in(SETTINGS), stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


async def test_no_log_has_it_at_any_level(store: Store, told_to_the_log: StringIO):
    run_id = await made(store, tenant="acme")
    async with running(SETTINGS, store) as api, api.client() as client:
        token = (await client.post(f"/api/runs/{run_id}/token", headers=ACME)).json()["token"]
        path = f"/api/runs/{run_id}/events"
        assert (await client.get(path, params={"token": token})).status_code == 200
        assert (await client.get(path, params={"token": token + "x"})).status_code == 401

    told = told_to_the_log.getvalue()
    assert '"route": "/api/runs/{run_id}/events"' in told
    assert token.split(".")[1] not in told and token.split(".")[2] not in told
    assert SECRET not in told
