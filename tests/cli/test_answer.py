"""`stepglass answer`, the form that a person fills in, and what is shown where nobody can be asked."""

import asyncio
import io
import json
import os
import shlex
import stat
from pathlib import Path

import pytest
from pydantic import JsonValue

from cli._client import Api
from cli._errors import BadInput, CommandFailed
from cli._form import Form, forms_of, marked, read, text_of
from cli._plain import JsonSink
from cli._question import edited
from cli._session import see_through
from cli._view import watching
from cli.answer import answer
from cli.runs import show_run
from events.contract import InputRequiredData
from events.store import Store
from tests.api.writing import log_of
from tests.cli.asking import PROMPT, SCHEMA, answers_to, asked, asks, broken, ends
from tests.cli.conftest import Paper
from tests.steps.vision_framework.documents import schema_errors, sections

REPAIR: dict[str, JsonValue] = {"action": "repair"}


def edit() -> Form:
    return forms_of(SCHEMA)[0]


# --- the form


def test_the_forms_are_those_of_the_question_each_with_its_title() -> None:
    forms = forms_of(SCHEMA)
    assert [(form.title, form.schema is None) for form in forms] == [
        ("Edit it by hand", False),
        ("Have it repaired again", True),
        ("Give up", True),
    ]
    assert [form.answer(None) for form in forms[1:]] == [REPAIR, {"action": "give_up"}]


def test_what_is_there_now_stands_in_the_text_and_what_is_wrong_in_its_comments() -> None:
    text = text_of(edit(), PROMPT)
    assert read(edit(), text) == {name: broken()[name] for name in ("vision", "metrics")}
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    assert "# - The vision has 1 sentence; 2 to 3 are asked for." in comments
    assert "# cadence is one of daily, weekly, monthly, quarterly, milestone." in comments
    assert "operating_principles" not in text


def test_what_is_written_becomes_an_answer_that_fits() -> None:
    text = text_of(edit(), PROMPT).replace("cadence: yearly", "cadence: weekly")
    value = edit().answer(read(edit(), text))
    assert schema_errors(SCHEMA, value) == []
    assert value["sections"]["metrics"][1]["cadence"] == "weekly"


@pytest.mark.parametrize(
    "said", ["Yes", "10", "2026-11-21", "null", "~", "1e3", "a: b # c", "'", "- x", "ä\n\nö", "", "|"]
)
def test_a_text_stays_the_text_that_it_is(said: str) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string", "default": said}}}
    (form,) = forms_of(schema)
    assert read(form, text_of(form, "Well?")) == {"text": said}


def test_numbers_and_the_like_are_read_as_what_the_schema_wants() -> None:
    properties = {
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "sure": {"type": "boolean"},
        "few": {"type": "array", "items": {"type": "integer"}},
    }
    (form,) = forms_of({"type": "object", "properties": properties})
    written = "count: 3\nshare: 0.5\nsure: true\nfew:\n- 1\n- many\n"
    assert read(form, written) == {"count": 3, "share": 0.5, "sure": True, "few": [1, "many"]}
    assert read(form, "few:\n") == {"few": []}


@pytest.mark.parametrize("text", ["", "# nothing\n", "just words", "a: [", "a: 1\n\tb: 2", "- 1"])
def test_what_cannot_be_read_is_said_and_no_answer(text: str) -> None:
    with pytest.raises(BadInput):
        read(edit(), text)


def test_what_was_wrong_stands_above_what_was_written_and_only_the_last_of_it() -> None:
    text = marked(marked("vision: mine\n", "It is\ntoo short."), "It is too long.")
    assert text == "#! It is too long.\nvision: mine\n"


def test_a_question_that_is_no_object_can_be_answered_as_well() -> None:
    (form,) = forms_of({"type": "string", "title": "Name"})
    assert read(form, "value: Ada") == {"value": "Ada"}
    assert form.answer({"value": "Ada"}) == "Ada"


# --- the editor


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that changes the text as a person might."""
    path = tmp_path / "my editor"
    path.write_text('#!/bin/sh\nsed -i s/yearly/weekly/ "$2"\nexit $1\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{shlex.quote(str(path))} 0")
    return path


def test_what_the_editor_leaves_is_what_was_written_and_nothing_stays_behind(
    editor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert edited("cadence: yearly\n") == "cadence: weekly\n"
    assert list(tmp_path.glob("stepglass-*")) == []


@pytest.mark.parametrize(("command", "words"), [("1", "ended with code 1"), (None, "cannot be used")])
def test_an_editor_that_fails_answers_nothing(
    editor: Path, monkeypatch: pytest.MonkeyPatch, command: str | None, words: str
) -> None:
    monkeypatch.setenv("EDITOR", f"{shlex.quote(str(editor))} {command}" if command else "/no/such/editor")
    with pytest.raises(CommandFailed, match=words):
        edited("cadence: yearly\n")


def test_without_any_editor_it_is_said_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(CommandFailed, match="name one in EDITOR"):
        edited("")


# --- the command


async def test_an_answer_is_given_with_its_value(api: Api, store: Store, paper: Paper) -> None:
    run_id, _ = await asks(store)
    assert await answer(api, paper.console, run_id=run_id, input_id=None, value=json.dumps(REPAIR)) == 0
    assert await answers_to(store, run_id) == REPAIR


async def test_an_answer_may_come_from_the_standard_input(
    api: Api, store: Store, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, _ = await asks(store)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(REPAIR)))
    assert await answer(api, paper.console, run_id=run_id, input_id="framework-1", value="-") == 0
    assert await answers_to(store, run_id) == REPAIR


async def test_what_does_not_fit_is_refused_by_name(api: Api, store: Store, paper: Paper) -> None:
    run_id, _ = await asks(store)
    short = {"action": "edit", "sections": {"vision": "Short.", "metrics": sections()["metrics"]}}
    with pytest.raises(BadInput, match="sections/vision: It may have at least 20 characters"):
        await answer(api, paper.console, run_id=run_id, input_id=None, value=json.dumps(short))
    with pytest.raises(BadInput, match="action: It is none of edit, repair, give_up"):
        await answer(api, paper.console, run_id=run_id, input_id=None, value='{"action": "wait"}')
    with pytest.raises(BadInput, match="not JSON"):
        await answer(api, paper.console, run_id=run_id, input_id=None, value="repair")
    assert "input_received" not in [entry.type for entry in await log_of(store, run_id)]


async def test_of_several_questions_it_must_be_said_which(api: Api, store: Store, paper: Paper) -> None:
    run_id, _ = await asks(store, "framework-1", "framework-2")
    with pytest.raises(BadInput, match="framework-1, framework-2. Say which"):
        await answer(api, paper.console, run_id=run_id, input_id=None, value="{}")
    with pytest.raises(BadInput, match="no question 'other'; it asks framework-1"):
        await answer(api, paper.console, run_id=run_id, input_id="other", value=None)
    assert await answer(api, paper.console, run_id=run_id, input_id="framework-2", value=json.dumps(REPAIR)) == 0


async def test_who_asks_nothing_is_not_answered(api: Api, store: Store, paper: Paper) -> None:
    run_id, writer = await asks(store)
    await answer(api, paper.console, run_id=run_id, input_id=None, value=json.dumps(REPAIR))
    with pytest.raises(CommandFailed, match="The run asks nothing"):
        await answer(api, paper.console, run_id=run_id, input_id=None, value=json.dumps(REPAIR))
    with pytest.raises(CommandFailed, match="answered"):
        await answer(api, paper.console, run_id=run_id, input_id="framework-1", value=json.dumps(REPAIR))
    await ends(writer)


async def test_without_a_terminal_it_is_said_how_to_answer(
    api: Api, store: Store, paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id, _ = await asks(store)
    assert await answer(api, paper.console, run_id=run_id, input_id=None, value=None) == 1
    said = capsys.readouterr().out
    assert "The vision has 1 sentence" in said
    assert f"""stepglass answer {run_id} framework-1 --value '{{"action": "repair"}}'""" in said


# --- watching without a terminal


async def test_a_run_that_asks_is_watched_and_says_how_to_answer(api: Api, store: Store, paper: Paper) -> None:
    run_id, writer = await asks(store)
    await api.answer(run_id, "framework-1", REPAIR)
    await writer.write_one(asked("framework-2", SCHEMA))
    watching_it = asyncio.create_task(see_through(api, run_id, paper.console, json=False))
    async with asyncio.timeout(10):
        while "Give up:" not in paper.text:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await api.answer(run_id, "framework-2", REPAIR)
    await ends(writer)
    assert (await watching_it)[0] == 0
    assert "asks: The framework still breaks its bounds" in paper.text
    assert paper.text.count("answered") == 2
    assert f"answer {run_id} framework-2 --value" in paper.text
    assert "framework-1 --value" not in paper.text, "that was answered long ago"


def test_a_program_is_told_on_the_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.BytesIO()
    data: InputRequiredData = asked("framework-1", SCHEMA).data
    JsonSink(out).asks(data, watching("r"))
    assert out.getvalue() == b""
    assert "stepglass answer r framework-1 --value" in capsys.readouterr().err


async def test_a_run_that_waits_is_shown_with_its_question(api: Api, store: Store, paper: Paper) -> None:
    run_id, _ = await asks(store)
    await show_run(api, paper.console, run_id, json=False)
    assert "The vision has 1 sentence" in paper.text
    assert f"stepglass answer {run_id} framework-1" in paper.text
