"""One log for every process: a line an event, and nothing secret in it, however it got there."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
import structlog
from prefect import Flow
from prefect.exceptions import ParameterTypeError

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


def test_l4_a_long_text_loses_its_middle_and_the_line_stays_json(configured: Configure):
    stream = configured()
    structlog.stdlib.get_logger("ours").info("begin " + "a." * 50_000 + " end", run_id="r1")

    [line] = map(json.loads, stream.getvalue().splitlines())

    assert len(stream.getvalue()) < logs.LONGEST + 500
    assert line["event"].startswith("begin a.a.")
    assert line["event"].endswith("a.a. end")
    assert "characters left out" in line["event"]
    assert line["run_id"] == "r1"


def test_l4_a_long_message_leaves_room_for_the_traceback(configured: Configure):
    stream = configured()
    try:
        raise ValueError("x" * 100_000 + " at last")
    except ValueError:
        structlog.stdlib.get_logger("ours").exception("y" * 100_000, other="z" * 100)

    [line] = map(json.loads, stream.getvalue().splitlines())

    assert line["exception"].startswith("Traceback (most recent call last)")
    assert line["exception"].endswith("x at last")
    assert abs(len(line["exception"]) - len(line["event"])) < 100
    assert line["other"] == "z" * 100


@pytest.mark.parametrize("secret", ["tenant-token-of-acme", "Bearer abc.def-ghi.jkl"])
def test_l4_a_cut_through_a_secret_shows_no_part_of_it(configured: Configure, secret: str):
    stream = configured(secrets=("tenant-token-of-acme",))
    for shift in range(0, len(secret) + 1, 3):
        structlog.stdlib.get_logger("ours").info(" " * shift + f"{secret} " * 1_500)

    told, word = stream.getvalue(), secret.rpartition(" ")[2]

    assert "characters left out" in told
    assert not [word[:end] for end in range(5, len(word) + 1) if word[:end] in told]
    assert not [word[start:] for start in range(len(word) - 5) if word[start:] in told]


@pytest.mark.parametrize("form", [True, False])
def test_l4_a_secret_of_several_lines_is_redacted_before_its_line_breaks_are_escaped(configured: Configure, form: bool):
    stream = configured(json=form, secrets=("first-half\nsecond-half",))
    structlog.stdlib.get_logger("ours").info("said first-half\nsecond-half", field="first-half\nsecond-half")

    assert "-half" not in stream.getvalue()
    assert stream.getvalue().count("[redacted]") == 2


HOSTILE = "".join(chr(code) for code in range(0x10000) if logs.CONTROLS.match(chr(code)))


@pytest.mark.parametrize("form", [True, False])
def test_l4_no_character_that_a_terminal_obeys_is_in_a_line(configured: Configure, form: bool):
    stream = configured(json=form)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        structlog.stdlib.get_logger("ours").exception(HOSTILE, field=HOSTILE, nested={HOSTILE: [HOSTILE]})
    logging.getLogger(f"their{HOSTILE}s").warning("said %s", HOSTILE)
    structlog.stdlib.get_logger("ours").info("named", **{f"key{HOSTILE}": 1})

    told = stream.getvalue()

    assert {character for character in told if logs.CONTROLS.match(character)} == {"\n"}
    assert told.encode(), "halves of characters are none of a stream"
    assert all(shown in told for shown in ("\\x1b", "\\x9b", "\\u202e", "\\u2066", "\\ud800"))


def test_l4_the_controls_are_those_of_terminals_and_of_direction():
    assert {
        chr(code) for code in (*range(32), 127, *range(128, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    } <= {*HOSTILE}
    assert not logs.CONTROLS.search("Ünïcode, 中文, עברית\u200f, 👩\u200d🚀 and a\u00a0blank")


def test_l4_no_text_can_pass_for_a_line_of_its_own(configured: Configure):
    stream = configured(json=False)
    forged = "fine\n2026-11-30T12:00:00Z [info     ] run claimed"
    logging.getLogger("theirs").warning("said %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        structlog.stdlib.get_logger("ours").exception("it broke", field=forged)

    lines = stream.getvalue().splitlines()

    assert len([line for line in lines if "run claimed" in line]) == 3
    assert not [line for line in lines if line.startswith("2026-11-30T12:00:00Z")]
    assert "    ValueError: fine" in lines


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


def test_l4_an_input_that_does_not_fit_its_flow_is_not_in_the_log(configured: Configure):
    def count(answers: int) -> None: ...

    stream = configured(level="DEBUG")
    with pytest.raises(ParameterTypeError):
        Flow(fn=count, name="count").validate_parameters({"answers": "the founder's own words"})
    logging.getLogger("prefect.flows").critical("something else")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["something else"]
