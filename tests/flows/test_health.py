"""Whether Prefect answers: known from one probe that nothing ends."""

import asyncio

import httpx2
import pytest

from flows._health import Health


class Answers(httpx2.AsyncBaseTransport):
    """Gives these statuses or errors one after the other, the last one for ever."""

    def __init__(self, *answers: int | Exception) -> None:
        self._answers = list(answers)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer)


@pytest.mark.parametrize("error", [httpx2.ConnectError("refused"), RuntimeError("nobody foresaw this"), OSError("no")])
async def test_a_probe_that_fails_in_whatever_way_is_followed_by_another(
    monkeypatch: pytest.MonkeyPatch, error: Exception
):
    transport = Answers(error, 503, 200)
    client = httpx2.AsyncClient(transport=transport)

    def plain(timeout: float) -> httpx2.AsyncClient:
        return client

    monkeypatch.setattr("flows._health.httpx2.AsyncClient", plain)

    async with Health("http://prefect.test/api", every=0.01).watched() as health:
        async with asyncio.timeout(10):
            await health.answers()

        assert health.up


async def test_h1_a_server_that_refuses_our_login_is_not_up_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """It is healthy by its own account, which it gives to anybody."""
    wanted = "Basic dXNlcjpwYXNzd29yZA=="
    refused: asyncio.Queue[str | None] = asyncio.Queue()

    class Guarded(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if request.url.path == "/api/health":
                return httpx2.Response(200)
            given = request.headers.get("authorization")
            refused.put_nowait(given)
            return httpx2.Response(200 if given == wanted else 401)

    clients = [httpx2.AsyncClient(transport=Guarded()) for _ in range(2)]

    def plain(timeout: float) -> httpx2.AsyncClient:
        return clients.pop()

    monkeypatch.setattr("flows._health.httpx2.AsyncClient", plain)
    async with Health("http://prefect.test/api", every=0.01).watched() as stranger, asyncio.timeout(10):
        assert [await refused.get(), await refused.get(), await refused.get()] == [None, None, None]
        assert not stranger.up
    assert caplog.text.count("PREFECT_API_AUTH_STRING") == 1

    async with Health("http://prefect.test/api", wanted, every=0.01).watched() as known, asyncio.timeout(10):
        await known.answers()
