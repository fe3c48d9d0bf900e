"""How alerts are told: in the log, and to an address, signed."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from events.alerts import Alert, Alerts, Review, Subject
from flows._alerting import Hook, alerting, event_of, in_words, key_of, signed

SINCE = 1_795_204_800_123
ONE, OTHER = (
    Alert(UUID(int=1), Subject("acme", "step_slow", "vision", "brief"), 9_500, 2_000, SINCE),
    Alert(UUID(int=2), Subject("acme", "stream_failures"), 0.08, 0.05, SINCE),
)


class Told:
    """A store with one review in it, and what has to be sent."""

    def __init__(self, *owed: Alert, review: Review | None = None) -> None:
        self.owed = list(owed)
        self.reviews = [review or Review([], [])]
        self.done: list[UUID] = []

    async def standing(self, tenant: str) -> list[Alert]:
        return []

    async def review(self) -> Review:
        return self.reviews.pop()

    async def count_streams(self, counts: object) -> None:
        raise AssertionError(counts)

    async def to_send(self, limit: int = 10) -> list[Alert]:
        return self.owed

    async def sent(self, alert_id: UUID) -> None:
        self.done.append(alert_id)


def posting(handler: Callable[[httpx2.Request], httpx2.Response]) -> Callable[[], httpx2.AsyncClient]:
    return lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(handler))


HOOK = Hook("https://hooks.example/T0KEN/in-the-path", "s3cret", source="https://stepglass.example")


async def test_what_is_new_and_what_is_over_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    alerts: Alerts = Told(review=Review([ONE], [OTHER]))
    await alerting(alerts, None).work()
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", f"alert: {in_words(ONE)} (tenant acme)"),
        ("INFO", f"no more: {in_words(OTHER)} (tenant acme)"),
    ]
    assert in_words(ONE) == "vision brief took 9.5 s; more than 2.0 s is twice what nine of ten take"
    assert in_words(OTHER) == "8.0% of the streams failed; the limit is 5%"


async def test_what_is_sent_is_a_cloud_event_that_its_receiver_can_verify() -> None:
    asked: list[httpx2.Request] = []

    def receive(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(204)

    store = Told(ONE, OTHER)
    await alerting(store, HOOK, posting(receive)).work()
    assert store.done == [ONE.id, OTHER.id]
    [request, _] = asked
    assert request.headers["content-type"] == "application/cloudevents+json"
    id, sent, signature = (request.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    digest = hmac.digest(b"s3cret", f"{id}.{sent}.".encode() + request.content, hashlib.sha256)
    assert signature == f"v1,{base64.b64encode(digest).decode()}"
    assert json.loads(request.content) == {
        "specversion": "1.0",
        "id": str(ONE.id),
        "source": "https://stepglass.example",
        "type": "dev.stepglass.alert.raised",
        "subject": "step_slow/vision/brief",
        "time": "2026-11-20T20:00:00.123+00:00",
        "datacontenttype": "application/json",
        "data": {
            "kind": "step_slow",
            "tenant": "acme",
            "pipeline": "vision",
            "step": "brief",
            "value": 9_500,
            "limit": 2_000,
            "since": SINCE,
            "message": in_words(ONE),
        },
    }
    assert event_of(OTHER, "x")["subject"] == "stream_failures"


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_what_was_not_taken_is_owed_and_the_next_one_is_sent_all_the_same(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [httpx2.Response(status, headers={"Location": "https://elsewhere.example"}), httpx2.Response(200)]
    store = Told(ONE, OTHER)
    await alerting(store, HOOK, posting(lambda request: answers.pop(0))).work()
    assert store.done == [OTHER.id]
    assert f"status {status}" in caplog.text
    assert "hooks.example" in caplog.text and "T0KEN" not in caplog.text


async def test_an_address_that_does_not_answer_costs_nothing_but_a_line(caplog: pytest.LogCaptureFixture) -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused, says https://hooks.example/T0KEN")

    store = Told(ONE)
    await alerting(store, HOOK, posting(broken)).work()
    assert store.done == []
    assert "ConnectError" in caplog.text and "T0KEN" not in caplog.text


def test_signatures_are_those_of_standard_webhooks() -> None:
    # The example of its specification's libraries.
    secret, id, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
    assert signed(secret, id, body, now=lambda: 1614265330.5) == {
        "webhook-id": id,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert key_of("just words") == b"just words"


def test_without_a_secret_nothing_is_signed() -> None:
    assert signed(None, "id", b"", now=lambda: 1.0) == {"webhook-id": "id", "webhook-timestamp": "1"}


def test_the_receiver_in_the_documentation_takes_what_is_ours_and_nothing_else() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    known: dict[str, Any] = {}
    exec(text.partition("```python\n")[2].partition("```")[0], known)
    is_ours = known["is_ours"]
    headers = signed("s3cret", "id", b"body")
    assert is_ours(headers, b"body", b"s3cret")
    assert not is_ours(headers, b"other", b"s3cret")
    assert not is_ours(headers, b"body", b"guess")
    assert not is_ours(signed("s3cret", "id", b"body", now=lambda: 1.0), b"body", b"s3cret")
