"""Texts that a terminal would obey, in all that the API tells: no command lets one of their characters through."""

import ast
import io
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from rich.console import Console, ConsoleOptions
from rich.panel import Panel
from rich.segment import Segment
from rich.text import Text

from api._csv import cell
from cli import _ask
from cli._client import Api
from cli._errors import of_problem
from cli._form import forms_of, read, text_of
from cli._paint import moving
from cli._result import one_pager
from cli._screen import Screen
from cli._session import see_through
from cli._terminal import Terminal, open_terminal
from cli._view import watching
from cli.answer import answer
from cli.runs import export, list_runs, show_run
from cli.stats import show_stats
from events.contract import EVENT, Problem, ProblemError
from events.store import Store
from events.text import escaped, one_line, visible
from tests.api.batching import carried
from tests.api.writing import accept, hold, rest_of, told
from tests.cli.asking import SCHEMA
from tests.cli.test_commands import RESULT, finished
from tests.histories import Story, failed_story, rich_story

# Renames the window, turns the line around, and begins a sequence without ESC. No word of Rich's own begins like them.
HOSTILE = " \x1b]0;EVIL\x07 \u202eEVIL\u2066 \x9bEVIL \x7f\x00EVIL"
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# What Rich itself writes to a terminal: styles, the cursor, lines that are cleared.
OWN = re.compile(r"\x1b\[(\?25[hl]|[\d;]*[mAK])")
FREE = ("label", "title", "detail", "text", "message", "prompt", "reason", "markdown", "recommendations", "model")
CLI = Path(_ask.__file__).parent
BORDER = "_terminal.py"


def spoilt(value: Any, name: str = "") -> Any:
    """The same document with a hostile end to each text that anybody may have written."""
    match value:
        case str() if name in FREE:
            return value + HOSTILE
        case dict():
            return {key: spoilt(each, key) for key, each in cast("dict[str, Any]", value).items()}
        case list():
            return [spoilt(each, name) for each in cast("list[Any]", value)]
        case _:
            return value


def hostile(story: Story) -> Story:
    story.events = [EVENT.validate_python(spoilt(event.model_dump(mode="json"))) for event in story.events]
    return story


class Tty(io.TextIOWrapper):
    """Where a command writes, both of its outputs together."""

    def __init__(self, *, tty: bool) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, "utf-8", newline="", write_through=True)
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    def take(self) -> str:
        self.flush()
        text = self._bytes.getvalue().decode()
        self._bytes.seek(0)
        self._bytes.truncate()
        return text


@contextmanager
def writing(monkeypatch: pytest.MonkeyPatch, *, tty: bool) -> Generator[Tty]:
    """Catches both outputs. Not a fixture: pytest sets outputs of its own for each phase of a test."""
    written = Tty(tty=tty)
    with monkeypatch.context() as patched:
        patched.setenv("TERM", "xterm-256color")
        patched.setenv("COLUMNS", "150")
        patched.setattr(sys, "stdout", written)
        patched.setattr(sys, "stderr", written)
        yield written


def check(text: str, name: str = "") -> None:
    assert "EVIL" in text, f"{name}: nothing of the hostile text was shown"
    assert UNSAFE.findall(OWN.sub("", text)) == [], name


@dataclass(frozen=True, slots=True)
class Runs:
    """One of each kind, with hostile texts everywhere."""

    complete: UUID
    failed: UUID
    asking: UUID
    refined: UUID
    batch: UUID


@pytest.fixture
async def runs(store: Store) -> Runs:
    complete = await told(store, hostile(finished(RESULT)), title="Lumen" + HOSTILE)
    failed = await told(store, hostile(failed_story()), title="Lumen" + HOSTILE)
    asking = await accept(store, title="Lumen" + HOSTILE)
    question = {"input_id": "i1", "schema": spoilt(SCHEMA), "prompt": "Well?\n" + HOSTILE}
    asks = Story().queued().started().start("brief").say("input_required", question)
    await (await hold(store, asking)).write(rest_of(hostile(asks)))
    change = {"section": "vision", "before": "A" + HOSTILE, "after": ["B" + HOSTILE]}
    refined = await told(store, finished(change), pipeline="refine", title="Lumen" + HOSTILE)
    of = await carried(store, "a", "b", name="portfolio" + HOSTILE)
    await of.completes("a" + HOSTILE, RESULT)
    problem = {"title": "No" + HOSTILE, "detail": "No" + HOSTILE}
    await of.tells("b" + HOSTILE, None, "error", problem=problem)
    await of.counts(2, complete=1, failed=1)
    await of.report([{"key": "b" + HOSTILE, "problem": problem}])
    return Runs(complete, failed, asking, refined, of.id)


Command = Callable[[Api, Terminal, Runs], Awaitable[object]]
SHOWN: dict[str, Command] = {
    "runs": lambda api, to, runs: list_runs(api, to, status=None, pipeline=None, limit=20, json=False),
    "show": lambda api, to, runs: show_run(api, to, runs.complete, json=False),
    "show a failed one": lambda api, to, runs: show_run(api, to, runs.failed, json=False),
    "show a question": lambda api, to, runs: show_run(api, to, runs.asking, json=False),
    "show a refinement": lambda api, to, runs: show_run(api, to, runs.refined, json=False),
    "show a batch": lambda api, to, runs: show_run(api, to, runs.batch, json=False),
    "watch": lambda api, to, runs: see_through(api, runs.complete, to, json=False),
    "watch a failed one": lambda api, to, runs: see_through(api, runs.failed, to, json=False),
    "watch a batch": lambda api, to, runs: see_through(api, runs.batch, to, json=False),
    "answer": lambda api, to, runs: answer(api, to, run_id=runs.asking, input_id=None, value=None),
    "stats": lambda api, to, runs: show_stats(api, to, days=1, json=False),
}
AS_JSON: dict[str, Command] = {
    "runs": lambda api, to, runs: list_runs(api, to, status=None, pipeline=None, limit=20, json=True),
    "show": lambda api, to, runs: show_run(api, to, runs.complete, json=True),
    "watch": lambda api, to, runs: see_through(api, runs.failed, to, json=True),
    "stats": lambda api, to, runs: show_stats(api, to, days=1, json=True),
}
DOCUMENTS: dict[str, Command] = {
    "md": lambda api, to, runs: export(api, runs.complete, kind="md", output=None),
    "json": lambda api, to, runs: export(api, runs.complete, kind="json", output=None),
    "jsonl": lambda api, to, runs: export(api, runs.batch, kind="jsonl", output=None),
    "csv": lambda api, to, runs: export(api, runs.batch, kind="csv", output=None),
}


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
async def test_m4_no_command_writes_what_a_terminal_obeys(
    api: Api, runs: Runs, monkeypatch: pytest.MonkeyPatch, tty: bool
) -> None:
    with writing(monkeypatch, tty=tty) as out:
        for name, command in SHOWN.items():
            await command(api, open_terminal(), runs)
            check(out.take(), name)


@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipe"])
async def test_m4_json_is_harmless_and_still_means_the_same(
    api: Api, runs: Runs, monkeypatch: pytest.MonkeyPatch, tty: bool
) -> None:
    with writing(monkeypatch, tty=tty) as out:
        for name, command in AS_JSON.items():
            await command(api, open_terminal(), runs)
            text = out.take()
            check(text, name)
            assert any(HOSTILE in each for each in texts_in(documents_in(text))), name


async def test_m4_an_export_is_harmless_in_a_terminal_and_the_very_document_in_a_pipe(
    api: Api, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, command in DOCUMENTS.items():
        with writing(monkeypatch, tty=True) as out:
            await command(api, open_terminal(), runs)
            check(out.take(), name)
    with writing(monkeypatch, tty=False) as out:
        await DOCUMENTS["md"](api, open_terminal(), runs)
        assert out.take() == RESULT["one_pager"]["markdown"] + HOSTILE + "\n"
        await DOCUMENTS["json"](api, open_terminal(), runs)
        assert json.loads(out.take()) == spoilt(RESULT)


async def test_m4_what_is_drawn_while_a_run_goes_on_is_harmless() -> None:
    story = hostile(rich_story())
    watched, drawn = watching(str(story.run_id)), io.StringIO()
    console = Terminal(file=drawn, width=100, height=60, force_terminal=True)
    for number, entry in enumerate(story.entries):
        watched.hear(entry)
        if number % 6 == 0:
            console.print(moving(watched, console))
    check(drawn.getvalue())


def test_m4_a_refusal_of_the_api_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [ProblemError(pointer="/input/a" + HOSTILE, detail="No" + HOSTILE)]

    async def refused(api: Api, console: Terminal) -> int:
        raise of_problem(422, Problem(title="No" + HOSTILE, detail="No" + HOSTILE, errors=errors))

    with writing(monkeypatch, tty=True) as out:
        with pytest.raises(SystemExit) as ended:
            _ask.ask(refused, "http://127.0.0.1:9", None)
        check(out.take())
    assert ended.value.code == 2


def test_m4_the_screen_of_the_stack_shows_no_controls_of_its_processes(tmp_path: Path) -> None:
    out = io.StringIO()
    screen = Screen(tmp_path, file=out)
    screen.output("api", json.dumps({"level": "warning", "logger": "stepglass.x", "event": "No" + HOSTILE}).encode())
    screen.say("api", "It said" + HOSTILE)
    screen.close()
    assert out.getvalue().count("EVIL") == 2 * HOSTILE.count("EVIL")
    check(out.getvalue())


def test_m4_a_question_can_be_answered_whatever_is_in_its_texts() -> None:
    (form,) = forms_of(
        {"type": "object", "properties": {"text": {"type": "string", "title": "T" + HOSTILE, "default": "x" + HOSTILE}}}
    )
    text = text_of(form, "Well?" + HOSTILE)
    assert read(form, text) == {"text": "x" + HOSTILE}
    check("".join(line for line in text.splitlines() if line.startswith("#")))


def test_m4_markup_and_links_in_a_text_are_text() -> None:
    out = io.StringIO()
    console = Terminal(file=out, width=100, force_terminal=True)
    console.print("[red]a[/] :boom: [link=https://example.org]b[/link]")
    console.print(one_pager("[see here](https://example.org/elsewhere)"))
    assert "[red]a[/] :boom: [link=https://example.org]b[/link]" in out.getvalue()
    assert "(https://example.org/elsewhere)" in OWN.sub("", out.getvalue())
    assert "\x1b]8" not in out.getvalue()


class Raw:
    """Something drawn that brings its cells with it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        yield Segment("cells" + HOSTILE)


def test_m4_what_is_drawn_without_a_text_is_harmless_too() -> None:
    out = io.StringIO()
    Terminal(file=out, width=100).print(Raw())
    check(out.getvalue())


def test_m4_a_text_of_controls_is_no_wider_than_the_terminal() -> None:
    out = io.StringIO()
    Terminal(file=out, width=20).print(Panel(Text("\x1b" * 100)))
    assert {len(line) for line in out.getvalue().splitlines()} == {20}


@pytest.mark.parametrize("show", [visible, escaped, one_line, cell])
@pytest.mark.parametrize("text", ["\x1b", " ", "\r\n", "; ", "\t=", "a."])
def test_m4_the_time_to_show_a_text_grows_with_its_length_alone(show: Callable[[str], object], text: str) -> None:
    def spent(times: int) -> float:
        began = time.process_time()
        show(text * times)
        return time.process_time() - began

    few, many = (min(spent(times) for _ in range(3)) for times in (5_000, 40_000))
    assert many < 24 * few + 0.02, "eight times the text"


def test_m4_ordinary_text_is_shown_as_it_is() -> None:
    text = "Tab\there\nÜber 👩\u200d💻 \u200fשלום\u200e مرحبا"
    out = io.StringIO()
    Terminal(file=out, width=100).print(Text(text), soft_wrap=True)
    assert (visible(text), out.getvalue().replace("Tab     here", "Tab\there")) == (text, text + "\n")
    assert visible("a\r\nb\rc") == "a\nb\ufffdc"


def test_m4_nothing_but_the_border_writes_to_a_terminal() -> None:
    """The command line has one way out. `isatty` asks; `close` is how a command ends whose reader has left."""
    around = [f"{path.name}:{line}" for path in sorted(CLI.glob("*.py")) for line in ways_around(path.read_text())]
    assert [each for each in around if not each.startswith(BORDER)] == []
    assert [each for each in around if each.startswith(BORDER)] != [], "this test would see a way around"


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "import sys\nsys.stderr.write('x')",
        "import sys\nout = sys.stdout",
        "from sys import stdout",
        "from rich.console import Console\nConsole().print('x')",
        "from rich import print as show",
        "import typer\ntyper.echo('x')",
        "import os\nos.write(1, b'x')",
    ],
)
def test_m4_a_way_around_the_border_would_be_seen(source: str) -> None:
    assert list(ways_around(source)) != []


ASKED = {"isatty", "close", "fileno"}
BARRED = {("typer", "echo"), ("typer", "secho"), ("os", "write"), ("rich", "print"), ("sys", "__stdout__")}


def ways_around(source: str) -> Iterator[int]:
    """Lines that reach a terminal by themselves."""
    tree = ast.parse(source)
    asked = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in ASKED}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print" | "Console")):
                yield node.lineno
            case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr") if id(node) not in asked:
                yield node.lineno
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in BARRED:
                yield node.lineno
            case ast.ImportFrom(module="sys" | "rich" | "builtins"):
                yield node.lineno
            case ast.ClassDef(bases=[ast.Name(id="Console"), *_]):
                yield node.lineno
            case _:
                pass


def documents_in(text: str) -> list[Any]:
    """JSON documents that stand one behind the other."""
    found, decoder = list[Any](), json.JSONDecoder()
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        members = cast("dict[str, Any] | list[Any]", value)
        for each in members.values() if isinstance(members, dict) else members:
            yield from texts_in(each)
