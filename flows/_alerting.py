"""Telling of alerts: in the log of the worker that found them and, where somebody wants to be told, at an address.

What is sent is a CloudEvent 1.0 as JSON, signed as Standard Webhooks do it. The store gives each alert to one worker at
a time, and again later until one was told that it has arrived: an alert may arrive twice, with the same id.
"""

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2

from events.alerts import Alert, Alerts
from flows._upkeep import Duty

log = logging.getLogger("stepglass.alerts")

EVERY, FIRST = 30.0, 15.0
SECONDS = 5.0
"""In which an address must have answered."""
TYPE = "dev.stepglass.alert.raised"
WORDS = {
    "step_slow": "{where} took {value:.1f} s; more than {limit:.1f} s is twice what nine of ten take",
    "step_failures": "{where} failed in {value:.1%} of its runs; the limit is {limit:.0%}",
    "stream_failures": "{value:.1%} of the streams failed; the limit is {limit:.0%}",
}


@dataclass(frozen=True, slots=True)
class Hook:
    """Where alerts are sent. `source` is how we call ourselves there. The address may be a secret: it is in no log."""

    url: str
    secret: str | None = None
    source: str = "/stepglass"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "?"


def alerting(alerts: Alerts, hook: Hook | None, client: Callable[[], httpx2.AsyncClient] | None = None) -> Duty:
    """Reviewing and sending. A client per sending, which is rare; `client` makes another one in tests."""

    async def work() -> None:
        review = await alerts.review()
        for alert in review.raised:
            log.warning("alert: %s (tenant %s)", in_words(alert), alert.subject.tenant)
        for alert in review.cleared:
            log.info("no more: %s (tenant %s)", in_words(alert), alert.subject.tenant)
        if hook is not None and (owed := await alerts.to_send()):
            async with (client or _client)() as http:
                for alert in owed:
                    if await send(http, hook, alert):
                        await alerts.sent(alert.id)

    return Duty("alerts", work, EVERY, FIRST)


def _client() -> httpx2.AsyncClient:
    # What is told to one address is for no other.
    return httpx2.AsyncClient(timeout=SECONDS, follow_redirects=False)


async def send(http: httpx2.AsyncClient, hook: Hook, alert: Alert) -> bool:
    """Whether it has arrived."""
    body = json.dumps(event_of(alert, hook.source)).encode()
    headers = {"Content-Type": "application/cloudevents+json", **signed(hook.secret, str(alert.id), body)}
    try:
        answer = await http.post(hook.url, content=body, headers=headers)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        log.warning("an alert could not be sent to %s, later again: %s", hook.host, type(error).__name__)
        return False
    if not answer.is_success:
        log.warning("an alert was not taken by %s, later again: status %d", hook.host, answer.status_code)
    return answer.is_success


def event_of(alert: Alert, source: str) -> dict[str, object]:
    """The CloudEvent."""
    subject = alert.subject
    where = {"pipeline": subject.pipeline, "step": subject.step} if subject.step else {}
    data = {"kind": subject.kind, "tenant": subject.tenant, **where}
    return {
        "specversion": "1.0",
        "id": str(alert.id),
        "source": source,
        "type": TYPE,
        "subject": "/".join([subject.kind, *where.values()]),
        "time": datetime.fromtimestamp(alert.since / 1000, UTC).isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "data": {**data, "value": alert.value, "limit": alert.limit, "since": alert.since, "message": in_words(alert)},
    }


def signed(secret: str | None, id: str, body: bytes, now: Callable[[], float] = time.time) -> dict[str, str]:
    """The headers of Standard Webhooks; without a secret, those that need none."""
    sent = str(int(now()))
    headers = {"webhook-id": id, "webhook-timestamp": sent}
    if secret is None:
        return headers
    digest = hmac.digest(key_of(secret), f"{id}.{sent}.".encode() + body, hashlib.sha256)
    return {**headers, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def key_of(secret: str) -> bytes:
    """`whsec_` and base64, as libraries for Standard Webhooks want it, or any words as they are."""
    encoded = secret.removeprefix("whsec_")
    return secret.encode() if encoded == secret else base64.b64decode(encoded)


def in_words(alert: Alert) -> str:
    scale = 1000 if alert.subject.kind == "step_slow" else 1
    where = f"{alert.subject.pipeline} {alert.subject.step}"
    return WORDS[alert.subject.kind].format(where=where, value=alert.value / scale, limit=alert.limit / scale)
