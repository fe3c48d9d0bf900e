"""The port of a worker's figures."""

import socket
import time
import urllib.error
import urllib.request

import pytest

from bearer import digest
from observe.exposing import exposed
from observe.meters import Meters
from observe.refused import Refusals

HERE = "127.0.0.1"


def asked(port: int, path: str = "/metrics", token: str | None = None, host: str | None = None) -> tuple[int, bytes]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    headers |= {} if host is None else {"Host": host}
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


def test_m10_it_answers_for_addresses_localhost_and_our_names() -> None:
    with exposed(lambda: b"figures", HERE, 0, names=["Studio.LAN"]) as port:
        assert port is not None
        for host in ("localhost:9464", "127.0.0.1", "[::1]:9464", "192.168.1.7:9464", "studio.lan:9464"):
            assert (host, asked(port, host=host)) == (host, (200, b"figures"))


@pytest.mark.parametrize("token", [None, "the-token-of-metrics"])
def test_m10_a_name_that_a_page_has_pointed_here_gets_nothing(token: str | None) -> None:
    with exposed(lambda: b"figures", HERE, 0, digest(token) if token else None, names=["studio.lan"]) as port:
        assert port is not None
        for host in ("evil.example", "evil.example:9464", "localhost.evil.example", "[evil]", "a b"):
            assert (host, asked(port, host=host, token=token)) == (host, (421, b""))


def test_m2_a_request_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("observe.exposing.SECONDS", 0.5)
    with exposed(lambda: b"figures", HERE, 0) as port:
        assert port is not None
        with socket.create_connection((HERE, port), timeout=0.1) as slow:
            slow.sendall(b"GET /metrics HTTP/1.1\r\n")
            assert is_closed_within(10, slow, b"X-More: 1\r\n")


def test_m2_beyond_the_cap_a_connection_is_closed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("observe.exposing.SECONDS", 60)
    monkeypatch.setattr("observe.exposing.MOST", 2)
    with exposed(lambda: b"figures", HERE, 0) as port:
        assert port is not None
        held = [socket.create_connection((HERE, port), timeout=0.1) for _ in range(2)]
        with socket.create_connection((HERE, port), timeout=0.1) as beyond:
            assert is_closed_within(10, beyond)
        for each in held:
            with pytest.raises(TimeoutError):
                each.recv(1)
        held.pop().close()
        until_answered(port)
        held.pop().close()


def is_closed_within(seconds: float, connection: socket.socket, drip: bytes = b"") -> bool:
    """Whether the server closes a connection to which we send `drip` again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connection.sendall(drip)
            if connection.recv(1) == b"":
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def until_answered(port: int) -> None:
    """The place of a client that has left is free again."""
    end = time.monotonic() + 10
    while True:
        try:
            assert asked(port) == (200, b"figures")
            return
        except OSError:
            assert time.monotonic() < end, "no place became free"
