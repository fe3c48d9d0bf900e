"""What is refused before anything starts, and before anything is sent; and the command that makes tokens."""

import io
from pathlib import Path
from typing import TextIO

import pytest
from typer.testing import CliRunner

from api.serve import serve
from bearer import digest, digest_of
from cli._ask import be, the_settings
from cli._client import open_api
from cli._errors import BadInput
from cli._screen import Screen
from cli._terminal import Terminal
from cli.main import app
from cli.up import up, welcome
from flows.process import run_worker
from settings import BadSettings, Settings

METRICS = {"host": "0.0.0.0", "metrics": True, "api_tokens": "acme:the-token-of-acme"}


def settings_with(**given: object) -> Settings:
    return Settings.model_validate({"database_url": "memory://", **given})


def nothing(*_: object, **__: object) -> None: ...


def coloured(file: TextIO) -> Terminal:
    return Terminal(file=file, force_terminal=True, width=200)


def test_m10_no_part_starts_where_a_network_gets_in_without_tokens() -> None:
    with pytest.raises(BadSettings, match="STEPGLASS_API_TOKENS is not set"):
        serve(settings_with(host="0.0.0.0"))
    with pytest.raises(BadSettings, match="STEPGLASS_METRICS_TOKEN is not set"):
        run_worker(settings_with(**METRICS))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"host": "0.0.0.0"}, "anyone on the network could read every run and start runs with your model key"),
        ({"public_url": "https://stepglass.example"}, "STEPGLASS_PUBLIC_URL is 'https://stepglass.example'"),
        (METRICS, "anyone on the network could see the worker's metrics"),
        ({"openai_base_url": "http://models.example/v1", "openai_api_key": "sk-x"}, "Use https://"),
    ],
)
def test_m10_up_refuses_before_it_starts_anything(
    given: dict[str, object], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    assert up(settings_with(data_dir=folder, **given)) == 2
    told = capsys.readouterr().out
    assert said in told
    assert not folder.exists()


def test_m10_a_part_alone_ends_with_the_exit_code_of_bad_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Neither the name of this process nor its log is to change.
    monkeypatch.setattr("cli._children.become", nothing)
    monkeypatch.setenv("STEPGLASS_HOST", "0.0.0.0")
    monkeypatch.delenv("STEPGLASS_API_TOKENS", raising=False)
    with pytest.raises(SystemExit) as ended:
        be("api")
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("STEPGLASS_HOST is '0.0.0.0', which is not only this machine")


def test_m10_where_it_is_allowed_the_start_says_so_in_red(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    paper = io.StringIO()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("cli._screen.LastingTerminal", coloured)
    allowed = settings_with(host="0.0.0.0", allow_anonymous=True)
    welcome(Screen(Path("logs"), file=paper), allowed, 1.0, None)
    assert "\x1b[1;31mAnyone on the network gets in without a token" in paper.getvalue()

    monkeypatch.setattr("api.serve.logs.configure", nothing)
    monkeypatch.setattr("api.serve.make_room_for_streams", nothing)
    monkeypatch.setattr("api.serve.Server.run", nothing)
    serve(allowed)
    assert "anyone on the network can use this API without a token" in caplog.text


def test_m9_bad_tokens_are_named_on_one_line_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEPGLASS_API_TOKENS", "acme:quite-short")
    with pytest.raises(SystemExit) as ended:
        the_settings()
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "STEPGLASS_API_TOKENS: Token 1 of tenant 'acme' has 11 characters, and must have 16 or more. "
        "`stepglass token` makes a good one.\n"
    )


def test_m9_a_token_is_made_with_the_entry_that_lets_it_in() -> None:
    made = [CliRunner().invoke(app, ["token", "acme"]).stdout.splitlines() for _ in range(2)]
    (token, entry), (other, _) = made
    [known] = settings_with(api_tokens=entry).api_tokens["acme"]
    assert digest_of(known) == digest(token)
    assert token not in entry and token != other and len(token) == 43
    assert CliRunner().invoke(app, ["token", "a,b"]).exit_code == 2


@pytest.mark.parametrize("url", ["http://192.0.2.7:8000", "http://stepglass.example", "HTTP://10.0.0.7"])
async def test_l9_a_token_is_not_sent_over_a_network_in_plain_text(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEPGLASS_ALLOW_PLAINTEXT", raising=False)
    with pytest.raises(BadInput, match=r"The token is not sent: .* Use https://.* STEPGLASS_ALLOW_PLAINTEXT=1") as told:
        async with open_api(url, "the-token-of-acme"):
            raise AssertionError("opened")
    assert "the-token-of-acme" not in str(told.value)
    async with open_api(url):
        pass
    monkeypatch.setenv("STEPGLASS_ALLOW_PLAINTEXT", "1")
    async with open_api(url, "the-token-of-acme") as api:
        assert api.http.headers["Authorization"] == "Bearer the-token-of-acme"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
async def test_l9_on_this_machine_it_is(url: str) -> None:
    async with open_api(url, "the-token-of-acme") as api:
        assert api.http.headers["Authorization"] == "Bearer the-token-of-acme"
