"""One log for every process: a line an event, and nothing secret in it, however it got there."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
import structlog

import logs
from tests.api.conftest import settings_with

Configure = Callable[..., StringIO]


@pytest.fixture
def configured() -> Iterator[Configure]:
    """Sets the log up for this test, and puts back what was there."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def configure(json: bool = True, level: str = "INFO", secrets: tuple[str, ...] = ()) -> StringIO:
        stream = StringIO()
        logs.configure(level, json, secrets=secrets, stream=stream)
        return stream

    yield configure
    root.handlers[:], level = before
    root.setLevel(level)


def test_ours_and_the_libraries_lines_have_one_form(configured: Configure):
    stream = configured()
    structlog.stdlib.get_logger("ours").info("run claimed", run_id="r1")
    logging.getLogger("theirs").warning("slow: %s", 3)

    ours, theirs = map(json.loads, stream.getvalue().splitlines())

    assert (ours["event"], ours["run_id"], ours["level"], ours["logger"]) == ("run claimed", "r1", "info", "ours")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow: 3", "warning", "theirs")
    assert ours["timestamp"].endswith("Z")


def test_an_exception_is_one_line_too(configured: Configure):
    stream = configured()
    try:
        raise ValueError("no such thing")
    except ValueError:
        structlog.stdlib.get_logger("ours").exception("it broke")

    [line] = map(json.loads, stream.getvalue().splitlines())

    assert "ValueError: no such thing" in line["exception"]


@pytest.mark.parametrize("form", [True, False])
def test_a_known_secret_is_nowhere_in_a_line(configured: Configure, form: bool):
    secret = 'pass"word\\with/signs'
    stream = configured(json=form, secrets=(secret, "tenant-token"))
    structlog.stdlib.get_logger("ours").info(f"said {secret}", field=secret, nested={"deep": ["tenant-token"]})
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("theirs").exception("with %s", secret)

    told = stream.getvalue()

    assert secret not in told
    assert json.dumps(secret)[1:-1] not in told
    assert "tenant-token" not in told
    assert told.count("[redacted]") >= 5


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("key sk-abcdefgh12345678 used", "key [redacted] used"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"),
        ("postgresql://me:hidden@host/db", "postgresql://me:[redacted]@host/db"),
        ("GET /events?after=3&token=abcdef", "GET /events?after=3&token=[redacted]"),
        ("api_key=abcdef", "api_key=[redacted]"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln_na-ture for run", "token [redacted] for run"),
        ("bearer of news", "bearer of news"),
        ("http://127.0.0.1:8000/a@b", "http://127.0.0.1:8000/a@b"),
        ("3 tokens, key 4", "3 tokens, key 4"),
    ],
)
def test_what_looks_like_a_secret_is_redacted_and_nothing_else(said: str, told: str):
    assert logs.Redact().text(said) == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("key x of the exporter", "key [redacted] of the exporter"),
        ('{"event": "max x", "key": "x"}', '{"event": "max [redacted]", "key": "[redacted]"}'),
        (r'{"exception": "Error\nx\nexit"}', r'{"exception": "Error\n[redacted]\nexit"}'),
    ],
)
def test_m9_a_secret_of_any_length_is_taken_out_and_no_word_that_has_its_letters(said: str, told: str):
    assert logs.Redact(["x", ""]).text(said) == told


def test_the_secrets_of_the_settings_are_those_marked_so():
    settings = settings_with(
        openai_api_key="sk-of-openai",
        database_url="postgresql://a:b@c/d",
        api_tokens="acme:first-token-of-acme|other-token-of-acme,beta:only-token-of-beta",
    )

    assert sorted(logs.secrets_in(settings)) == [
        "first-token-of-acme",
        "only-token-of-beta",
        "other-token-of-acme",
        "postgresql://a:b@c/d",
        "sk-of-openai",
    ]


def test_the_level_decides_what_is_written_and_chunks_never_are(configured: Configure):
    stream = configured(level="DEBUG")
    logging.getLogger("ours").debug("detail")
    logging.getLogger("sse_starlette.sse").debug("chunk: %s", "the founder's own words")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["detail"]


def test_for_a_terminal_lines_are_readable(configured: Configure):
    stream = configured(json=False)
    structlog.stdlib.get_logger("ours").info("run claimed", run_id="r1")

    assert "run claimed" in stream.getvalue()
    assert "run_id=r1" in stream.getvalue()
    assert "{" not in stream.getvalue()


def test_requests_to_prefect_and_its_words_of_a_run_are_not_in_our_log_as_well(configured: Configure):
    stream = configured()
    logging.getLogger("httpx").info("HTTP Request: POST http://127.0.0.1/api/flow_runs/")
    for name, level, said in [
        ("prefect.task_runs", logging.INFO, "Finished in state Completed()"),
        ("prefect.flow_runs", logging.WARNING, "The flow run was not found"),
    ]:
        # To the root at once: which of Prefect's loggers lead there is for Prefect to say, once it is imported.
        logging.getLogger().handle(logging.LogRecord(name, level, __file__, 1, said, (), None))

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["The flow run was not found"]
