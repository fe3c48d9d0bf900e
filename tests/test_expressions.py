"""Every regular expression of the product reads text in linear time, and so does every function that scans it.

The expressions are found in the sources, so that a new one cannot be forgotten. Each is run over long runs of ordinary
characters, alone and behind its own literal parts. Time is judged by growth: four times the text may take about four
times as long; it takes sixteen times as long where every place in the text is a new beginning.
"""

import ast
import importlib
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from time import process_time
from types import ModuleType
from typing import Any, cast

import pytest

import logs
from llm._dialect import after_refusal, first_dialect
from llm._fences import Unfenced
from llm._hidden import Hidden
from llm._translate import retry_after
from llm.demo.asked import read
from llm.demo.words import sentences, shorten, terse, trimmed
from llm.parts import Parts
from steps._prompt import fence
from steps.vision_framework._sentences import count_sentences
from steps.vision_framework.one_pager import faults, tidied
from steps.vision_framework.violations import violations
from tests.test_arrows import ROOMS, ROOT, SHARED, files_of

SIZES = (25, 200, 1600)
"""Of the texts, small first: what grows faster than a square must not hold the test."""
FLOOR = 0.0005
"""Seconds. A linear search of the longest text takes less than a tenth of it, one with a square in it more than it."""
FACTOR = 9
FUNCTIONS = ("compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
ANCHORED = {"match", "fullmatch"}
# A function there makes expressions of its arguments: where they are found instead, or why they need no test.
MADE_ELSEWHERE = {
    "llm/demo/tensions.py": "in AXES",
    "logs.py": "an alternation of literal secrets",
}
COMMON = (" ", "\n", "a", "0", "-", ".", "*", '"')
RUNS = (
    *(
        "\t",
        "#",
        ":",
        "/",
        "a ",
        "a.",
        "_",
        "=",
        ",",
        "'",
        "`",
        "”",
        ")",
        "[",
        "{",
        "<",
        "\\",
        "7,",
        "A",
        "é",
        "村",
        "。",
        "!",
        "…",
    ),
    *("a.b.c ", "A. ", "a-", "a, ", "# ", "1 ", '\\"', " \n"),
)
MOST_HEADS = 3


@dataclass(frozen=True)
class Expression:
    """`anchored`: it is only ever asked whether a text matches from its beginning, and never searches."""

    where: str
    pattern: "re.Pattern[str]"
    anchored: bool

    def seconds(self, text: str) -> float:
        began = process_time()
        if self.anchored:
            self.pattern.fullmatch(text)
        else:
            deque(self.pattern.finditer(text), maxlen=0)
        return process_time() - began

    def texts(self) -> Iterator[Callable[[int], str]]:
        for run in (*COMMON, *RUNS):
            yield _run(run)
        for head in _literals(self.pattern.pattern):
            yield from (_run(run, head) for run in COMMON)
            # A beginning in every few characters wants a longer text to show.
            yield from (_run(f"{head}{joint}", longer=4) for joint in ("", " ", "-", ".", "\n"))


def _run(unit: str, head: str = "", longer: int = 1) -> Callable[[int], str]:
    return lambda size: head + (unit * (longer * size))[: longer * size] + "!x"


def _literals(source: str) -> list[str]:
    """The first parts of an expression that stand for themselves: with one of them a match begins."""
    parts = re.split(r"\(\?P<\w+>|\(\?<?[:=!]|\\[bBdDwWsSAZ]|\[[^\]]*\]|[(){}|*+?^$.]|\\", source)
    return list(dict.fromkeys(part for part in parts if len(part) > 1 or part in set("#<{-/*")))[:MOST_HEADS]


def _expressions() -> Iterator[Expression]:
    for path in [file for room in (*ROOMS, *SHARED) for file in files_of(room)]:
        source = path.read_text(encoding="utf-8")
        if "import re\n" in source:
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            yield from _called(path, ast.parse(source), module)
            yield from _held(path, module)


def _called(path: Path, tree: ast.Module, module: ModuleType) -> Iterator[Expression]:
    """Of every call such as `re.search(…)`."""
    anchored = _anchored(tree)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        function, where = node.func, f"{path.relative_to(ROOT)}:{node.lineno}"
        if ast.unparse(function.value) != "re" or function.attr not in FUNCTIONS:
            continue
        made = _made(node, module)
        if made is None:
            assert str(path.relative_to(ROOT)) in MADE_ELSEWHERE, (
                f"{where}: the expression is put together inside a function. Make it a constant of the module, so that "
                "it is made once and tested here."
            )
            continue
        known = next((name for name, value in vars(module).items() if value is made), "")
        yield Expression(where, made, function.attr in ANCHORED or known in anchored)


def _made(call: ast.Call, module: ModuleType) -> "re.Pattern[str] | None":
    """The compiled expression of a call, from what its module knows. None where that is not enough."""
    place = {"compile": 1, "search": 2, "match": 2, "fullmatch": 2, "findall": 2, "finditer": 2}
    at = place.get(cast(ast.Attribute, call.func).attr, 4)
    given = [call.args[0], *call.args[at : at + 1], *(each.value for each in call.keywords if each.arg == "flags")]
    try:
        source, *flags = [eval(compile(ast.Expression(each), "<call>", "eval"), vars(module)) for each in given]
    except NameError:
        return None
    source = source.decode() if isinstance(source, bytes) else source
    return re.compile(source, *flags) if isinstance(source, str) else None


def _anchored(tree: ast.Module) -> set[str]:
    """The names of constants of which nothing but `match` and `fullmatch` is used."""
    used: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used.setdefault(node.value.id, set()).add(node.attr)
    return {name for name, functions in used.items() if functions <= ANCHORED | {"pattern"} and functions & ANCHORED}


def _held(path: Path, module: ModuleType) -> Iterator[Expression]:
    """Of every constant that holds expressions deeper than the calls show."""
    if str(path.relative_to(ROOT)) in MADE_ELSEWHERE:
        for name, value in list(vars(module).items()):
            for number, pattern in enumerate(_inside(value)):
                yield Expression(f"{path.relative_to(ROOT)}:{name}[{number}]", pattern, anchored=False)


def _inside(value: Any) -> "Iterator[re.Pattern[str]]":
    if isinstance(value, re.Pattern):
        yield cast("re.Pattern[str]", value)
    elif isinstance(value, list | tuple):
        for item in cast("list[Any]", value):
            yield from _inside(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _inside(getattr(value, field.name))


def grows(seconds: Callable[[str], float], text: Callable[[int], str]) -> str:
    """How much longer four times the text takes, in words; "" for linear growth. Noise is measured again."""
    return next((told for size in SIZES if (told := _told(seconds, text, size))), "")


def _told(seconds: Callable[[str], float], text: Callable[[int], str], size: int) -> str:
    long = short = 0.0
    for _ in range(3):
        long = seconds(text(size))
        if long < FLOOR:
            return ""
        short = min(seconds(text(size // 4)) for _ in range(3))
        if long < FACTOR * short:
            return ""
    return f"{size} characters like {text(12)[:40]!r}: {long * 1e3:.1f} ms; a quarter: {short * 1e3:.2f} ms"


EXPRESSIONS = list(_expressions())


def test_the_expressions_of_every_room_are_found() -> None:
    rooms = {one.where.partition("/")[0].partition(":")[0] for one in EXPRESSIONS}
    assert {"api", "cli", "events", "llm", "steps", "logs.py"} <= rooms
    assert len(EXPRESSIONS) > 90


def test_m3_every_expression_reads_a_text_in_linear_time() -> None:
    found = [
        f"{one.where} {one.pattern.pattern!r}\n    {told}"
        for one in EXPRESSIONS
        if (told := next((told for text in one.texts() if (told := grows(one.seconds, text))), ""))
    ]
    assert found == [], "\n".join(found)


def _in_pieces(take: Callable[[str], object], text: str) -> None:
    for start in range(0, len(text), 4):
        take(text[start : start + 4])


def _hidden(text: str) -> None:
    """A refusal that has much in common with a prompt, and nothing as a whole."""
    Hidden("key-of-somebody", (text, f"{text[::-1]}.{text}")).tidy(f"{text[2:]}; {text}")


# Functions that scan text from outside without an expression, or with one again and again.
FUNCTIONS_OF_TEXT: dict[str, Callable[[str], object]] = {
    "tidied": tidied,
    "faults": faults,
    "count_sentences": count_sentences,
    "violations of a text": lambda text: violations({"vision": text, text[:2000]: text}),
    "fence": lambda text: fence("answer", text),
    "Parts": lambda text: Parts().feed(text),
    "Parts in pieces": lambda text: _in_pieces(Parts().feed, text),
    "Parts of an object": lambda text: Parts().feed('{"a": "' + text),
    "Unfenced in pieces": lambda text: _in_pieces(Unfenced().feed, text),
    "Unfenced inside": lambda text: _in_pieces(Unfenced().feed, f"```\n{text}"),
    "Hidden.tidy": _hidden,
    "after_refusal": lambda text: after_refusal(first_dialect(openai=False), "strict", 400, text),
    "retry_after": lambda text: retry_after({"retry-after": text, "date": text}),
    "Redact.text": logs.Redact(["a secret of ours"]).text,
    "Border": lambda text: logs.Border(logs.Redact(), "    ")(None, "", {"event": text, "exception": text}),
    "read (demo)": lambda text: read([{"role": "user", "content": f'{text}<data name="a">{text}'}], None),
    "sentences (demo)": sentences,
    "trimmed (demo)": trimmed,
    "terse (demo)": terse,
    "shorten (demo)": lambda text: shorten(text, 20),
}


@pytest.mark.parametrize("name", FUNCTIONS_OF_TEXT)
def test_m3_every_function_that_scans_text_does_so_in_linear_time(name: str) -> None:
    function = FUNCTIONS_OF_TEXT[name]

    def seconds(text: str) -> float:
        began = process_time()
        function(text)
        return process_time() - began

    longer = 16 if "pieces" in name else 1
    shapes = [_run(run, head, longer) for run in (*COMMON, *RUNS[:6]) for head in ("", "## Vision ", "```\n", '{"a": ')]
    found = [told for shape in shapes if (told := grows(seconds, shape))]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("source", [r"#.*?[ \t]*$", r"a*b", r"\s+z", r"\bkey[\w-]*;", r"[.!]+(?=\s)", r"//\S*\*"])
def test_an_expression_with_a_square_in_it_would_be_seen(source: str) -> None:
    one = Expression("here", re.compile(source), anchored=False)
    assert any(grows(one.seconds, text) for text in one.texts())
