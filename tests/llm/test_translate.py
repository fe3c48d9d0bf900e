"""The border: no error of openai, of httpx2 or of the wire passes it as it is."""

import inspect
import ssl
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import anyio
import httpx2
import openai
import pytest

from llm import errors
from llm._hidden import Hidden
from llm._translate import Border, retry_after
from llm.errors import ModelError

BORDER = Border("models.example", Hidden("sk-secret-0123456789", ("You are terse.", "What does it sell?")))
REQUEST = httpx2.Request("POST", "http://models.example/v1", headers={"authorization": "Bearer sk-secret-0123456789"})


def classes_under(*roots: type[Exception]) -> Iterator[type[Exception]]:
    for root in roots:
        yield root
        yield from classes_under(*root.__subclasses__())


FOREIGN = sorted(
    set(
        classes_under(
            openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, httpx2.CookieConflict
        )
    ),
    key=lambda kind: (kind.__module__, kind.__name__),
)


def one_of(kind: type[Exception]) -> Exception:
    """An error of this class, made as the library makes it."""
    known: dict[str, Any] = {
        "message": "sk-secret-0123456789 was wrong",
        "request": REQUEST,
        "body": {"message": "no", "code": None},
        "response": httpx2.Response(getattr(kind, "status_code", 500), request=REQUEST),
        "completion": openai.types.Completion.model_construct(usage=None),
        "unsent_messages": list[str](),
        "symbol": "Completion",
    }
    if kind.__init__ is Exception.__init__:
        return kind()
    wanted = inspect.signature(kind).parameters
    return kind(**{name: known[name] for name, parameter in wanted.items() if parameter.default is parameter.empty})


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__.split('.')[0]}.{kind.__name__}")
@pytest.mark.parametrize("answering", [False, True])
def test_every_class_of_openai_and_httpx2_becomes_one_of_ours(kind: type[Exception], answering: bool) -> None:
    ours = BORDER.ours(one_of(kind), answering=answering)
    assert isinstance(ours, ModelError)
    assert type(ours) is not ModelError
    assert "secret" not in str(ours)


def test_the_walk_sees_the_whole_tree() -> None:
    names = {kind.__name__ for kind in FOREIGN}
    assert {"RateLimitError", "APITimeoutError", "OAuthError", "ReadTimeout", "SSEError", "ResponseNotRead"} <= names
    assert len(FOREIGN) > 40


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ssl.SSLCertVerificationError("bad"), errors.Unreachable),
        (anyio.EndOfStream(), errors.Unreachable),
        (ConnectionResetError(), errors.Unreachable),
        (TimeoutError(), errors.Unreachable),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "x"), errors.GarbledStream),
        (RecursionError(), errors.GarbledStream),
        (errors.CutOff("mine"), errors.CutOff),
    ],
)
def test_what_comes_from_below_becomes_ours_too(error: Exception, expected: type[ModelError]) -> None:
    assert type(BORDER.ours(error)) is expected


@pytest.mark.parametrize("mistake", [TypeError("x"), AttributeError("x"), KeyError("x"), AssertionError("x")])
def test_a_mistake_in_the_program_is_not_dressed_up_as_a_fault_of_the_model(mistake: Exception) -> None:
    assert BORDER.ours(mistake) is None


NOW = 1_795_204_800.0
WAITS: dict[str, tuple[dict[str, str], float | None]] = {
    "none": ({}, None),
    "seconds": ({"retry-after": "2"}, 2.0),
    "part of a second": ({"retry-after": "0.5"}, 0.5),
    "at once": ({"retry-after": "0"}, 0.0),
    "milliseconds first": ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
    "milliseconds that are none": ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
    "a date": ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
    "a date on the server's clock": (
        {"retry-after": formatdate(99_030, usegmt=True), "date": formatdate(99_000, usegmt=True)},
        30.0,
    ),
    "a date that has passed": ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0.0),
    "less than nothing": ({"retry-after": "-5"}, 0.0),
    "absurd": ({"retry-after": "1e9"}, 1e9),
    "infinite": ({"retry-after": "inf"}, None),
    "no number": ({"retry-after": "nan"}, None),
    "words": ({"retry-after": "tomorrow"}, None),
    "a date that is none": ({"retry-after": "Mon, 99 Nov 2026 00:00:00 GMT"}, None),
    "empty": ({"retry-after": ""}, None),
}


@pytest.mark.parametrize("form", WAITS)
def test_retry_after_is_read_in_every_form(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    headers, expected = WAITS[form]
    monkeypatch.setattr("llm._translate.time", lambda: NOW)
    assert retry_after(httpx2.Headers(headers)) == expected


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"error": {"message": "Plain."}}, "Plain."),
        ({"message": "Plain."}, "Plain."),
        ({"error": "Plain."}, "Plain."),
        ({"detail": "Plain."}, "Plain."),
        ({"detail": [{"loc": ["body"], "msg": "Plain."}]}, "Plain."),
        ({"message": {"detail": [{"msg": "Plain."}]}}, "Plain."),
        ([{"error": {"message": "Plain."}}], "Plain."),
        ("Plain.", "Plain."),
        ("\n\nPlain.\nMore.", "Plain."),
        ("<html><body>Plain.</body></html>", ""),
        ({"error": {"code": 7}}, ""),
        (None, ""),
        (b"bytes", ""),
        ({}, ""),
    ],
)
def test_the_sentence_is_found_wherever_a_server_puts_it(body: object, sentence: str) -> None:
    expected = f": {sentence}" if sentence else "."
    assert str(BORDER.refusal(400, body, {})) == f"models.example answered 400{expected}"


PROMPT = "Our core principle is that nobody waits longer than a minute for help."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The model `gpt-9` does not exist", "The model `gpt-9` does not exist"),
        (f"Bad text: {PROMPT} (end)", "Bad text: … (end)"),
        (f"Bad text: …{PROMPT[10:40]}…", "Bad text: ………"),
        ("See https://platform.openai.com/account/api-keys.", "See https://platform.openai.com/account/api-keys."),
        ("No file /models/llama/weights.bin here", "No file … here"),
        ("Bearer abcdefgh is wrong", "… is wrong"),
        ("Key pk-live-00-99887766 is wrong", "Key … is wrong"),
        ("Key ending in 99887766 is wrong", "Key ending in … is wrong"),
        ("Key sess****1234 is wrong", "Key … is wrong"),
        ("Key sk-proj-abc…xyz. is wrong", "Key … is wrong"),
        ("one\x1b[31m\ttwo\u202e", "one [31m two"),
        ("x" * 500, "x" * 299 + "…"),
        ("", ""),
    ],
)
def test_what_a_server_says_is_shown_without_what_is_ours_to_keep(said: str, shown: str) -> None:
    assert Hidden("pk-live-00-99887766", ("short", PROMPT)).tidy(said) == shown


def test_a_short_key_is_hidden_as_a_whole_and_no_key_hides_nothing() -> None:
    assert Hidden("abc", ()).tidy("key abc is wrong") == "key … is wrong"
    assert Hidden("", ("",)).tidy("nothing to hide") == "nothing to hide"


def _nested(body: object, depth: int) -> object:
    return body if depth == 0 else {"error": _nested(body, depth - 1)}


def test_m3_an_error_is_looked_for_at_a_depth_where_errors_are() -> None:
    """A body may be nested deeper than a function may call itself."""
    deep: object = "too deep"
    for _ in range(5_000):
        deep = {"error": deep}
    assert str(BORDER.refusal(400, deep, {})) == "models.example answered 400."
    assert str(BORDER.refusal(400, _nested("found", 3), {})) == "models.example answered 400: found"


def test_m3_a_status_of_thousands_of_digits_is_none() -> None:
    long = openai.APIError("x", httpx2.Request("GET", "http://models.example"), body={"code": "4" * 5_000})
    short = openai.APIError("x", httpx2.Request("GET", "http://models.example"), body={"code": "429"})
    assert isinstance(BORDER.ours(long), errors.ServerFailed)
    assert isinstance(BORDER.ours(short), errors.RateLimited)


def test_m3_a_refusal_without_a_line_break_is_cut_before_it_is_looked_through() -> None:
    hidden = Hidden("sk-secret-0123456789", ("What does Heliotrope Metering sell?",))
    said = "x " * 100_000
    assert hidden.tidy(f"{said}\nsecond line").startswith("x x x")
    assert len(hidden.tidy(said)) == 300


def test_m3_pieces_of_a_prompt_that_overlap_are_hidden_as_one() -> None:
    hidden = Hidden(None, ("What does Heliotrope sell to mills? Heliotrope sells meters.",))
    assert hidden.tidy("at 'What does Heliotrope sells meters', no") == "at '…', no"
