"""The port of a worker's figures."""

import socket
import urllib.error
import urllib.request

import pytest

from bearer import digest
from observe.exposing import exposed
from observe.meters import Meters
from observe.refused import Refusals

HERE = "127.0.0.1"


def asked(port: int, path: str = "/metrics", token: str | None = None) -> tuple[int, bytes]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(f"http://{HERE}:{port}{path}", headers=headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_answers_with_what_there_is_by_then_and_with_nothing_else() -> None:
    texts = [b"one", b"two"]
    with exposed(lambda: texts.pop(0), HERE, 0) as port:
        assert port is not None
        assert [asked(port), asked(port, "/other"), asked(port)] == [(200, b"one"), (404, b""), (200, b"two")]
    with pytest.raises(OSError):
        asked(port)


def test_who_has_not_the_token_sees_nothing() -> None:
    with exposed(lambda: b"figures", HERE, 0, digest("the-token-of-metrics")) as port:
        assert port is not None
        assert [asked(port)[0], asked(port, token="wrong")[0], asked(port, token="the-token-of-metrics")] == [
            401,
            401,
            (200, b"figures"),
        ]


def test_m9_a_refused_token_is_counted_and_a_missing_one_is_not() -> None:
    meters = Meters()
    refusals = Refusals(meters.refused_tokens)
    with exposed(meters.text, HERE, 0, digest("the-token-of-metrics"), refusals) as port:
        assert port is not None
        assert [asked(port)[0], asked(port, token="wrong")[0]] == [401, 401]
        status, text = asked(port, token="the-token-of-metrics")
    assert status == 200
    assert b"stepglass_refused_tokens_total 1.0" in text


def test_where_the_port_is_taken_there_are_no_figures_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        taken.listen()
        with exposed(lambda: b"", HERE, taken.getsockname()[1]) as port:
            assert port is None
    assert "not to be had" in caplog.text
