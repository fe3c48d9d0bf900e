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
