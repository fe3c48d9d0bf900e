"""What a run asks, in a terminal: shown, chosen, written in an editor. Where there is none: how to answer it."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.table import Table
from rich.text import Text

from cli._client import Api
from cli._errors import BadInput, CommandFailed
from cli._form import Form, forms_of, marked, read, text_of
from cli._terminal import Terminal, complain, say
from events.contract import InputRequiredData

EDITORS = ("nano", "vim", "vi")
YES = ("", "y", "yes")


class Later(Exception):
    """The person answers another time."""


def can_ask() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


async def converse(api: Api, console: Terminal, run_id: UUID, asked: InputRequiredData) -> None:
    """Ask until there is an answer that the API takes. Raises `Later`, or `CommandFailed` where no editor works.

    It blocks: nobody else is served here meanwhile, and so Ctrl-C is an answer, too.
    """
    forms = forms_of(asked.json_schema)
    show(console, asked, forms)
    form = chosen(console, forms)
    text = "" if form.schema is None else text_of(form, asked.prompt)
    while True:
        text = text and edited(text)
        try:
            await api.answer(run_id, asked.input_id, form.answer(read(form, text) if text else None))
            return
        except BadInput as refused:
            console.print(Text(str(refused), style="red"))
            if not text or said_to("Edit it again? [Y/n] ").lower() not in YES:
                raise Later from None
            text = marked(text, str(refused))
        except CommandFailed as refused:
            # Somebody else was quicker, or the time was up: what follows is in the stream.
            console.print(Text(str(refused), style="yellow"))
            return


def show(console: Terminal, asked: InputRequiredData, forms: list[Form]) -> None:
    """The question, what may be answered, and what becomes of it without an answer."""
    first, *rest = asked.prompt.splitlines()
    console.print(Text(first, style="bold"))
    console.print(Text("\n".join(rest)), "", sep="\n") if rest else console.print()
    if len(forms) > 1:
        table = Table.grid(padding=(0, 2, 0, 0))
        for number, form in enumerate(forms, 1):
            table.add_row(f"  {number}", form.title, Text(form.about, style="dim"))
        console.print(table, "", sep="\n")
    if asked.expires_at is not None:
        until = datetime.fromtimestamp(asked.expires_at / 1000).astimezone().strftime("%d %b %H:%M")
        console.print(Text(f"It waits until {until}; {without_an_answer(asked, forms)}", style="dim"))


def without_an_answer(asked: InputRequiredData, forms: list[Form]) -> str:
    if asked.otherwise is None:
        return "without an answer the run fails then."
    taken = next((form.title for form in forms if form.schema is None and form.fixed == asked.otherwise.value), None)
    return f"without an answer this is taken then: {taken or json.dumps(asked.otherwise.value)}."


def chosen(console: Terminal, forms: list[Form]) -> Form:
    if len(forms) == 1:
        if said_to("Answer it in your editor now? [Y/n] ").lower() in YES:
            return forms[0]
        raise Later
    while said := said_to(f"Your choice, 1 to {len(forms)} (Enter: later): "):
        if said.isdecimal() and 1 <= int(said) <= len(forms):
            return forms[int(said) - 1]
        console.print(Text(f"There is no {said!r}.", style="red"))
    raise Later


def said_to(question: str) -> str:
    """A line from the keyboard. Raises `Later` for Ctrl-C and where there is no more."""
    try:
        say(question, end="")
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        line = ""
    if not line:
        say("")
        raise Later
    return line.strip()


def edited(text: str) -> str:
    """The text as somebody has left it in their editor. Raises `CommandFailed` where there is none, or it fails."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or next(filter(shutil.which, EDITORS), "")
    if not command:
        raise CommandFailed("No editor is known: name one in EDITOR.")
    handle, name = tempfile.mkstemp(prefix="stepglass-", suffix=".yaml")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        code = subprocess.run([*shlex.split(command), name], check=False).returncode
        if code:
            raise CommandFailed(f"{command} ended with code {code}: nothing is answered.")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{command} cannot be used: {error}.") from None
    finally:
        path.unlink(missing_ok=True)


def how_to_answer(run_id: object, asked: InputRequiredData) -> list[str]:
    """For whoever is not at the keyboard: a command for each form, in which what is to be written stands as it is."""
    lines: list[str] = []
    for form in forms_of(asked.json_schema):
        value: Any = form.answer(_skeleton(form))
        said = shlex.quote(json.dumps(value, ensure_ascii=False))
        lines.append(f"{form.title}:  stepglass answer {run_id} {asked.input_id} --value {said}")
    return lines


def _skeleton(form: Form) -> dict[str, Any]:
    return dict.fromkeys((form.schema or {}).get("properties", {}), "…")


async def answer_in_terminal(api: Api, console: Terminal, run_id: UUID, asked: InputRequiredData) -> bool:
    """False when the person leaves it for later."""
    try:
        await converse(api, console, run_id, asked)
        return True
    except Later:
        pass
    except CommandFailed as failed:
        console.print(Text(str(failed), style="red"))
    complain(f"\nIt goes on waiting. Answer it:  stepglass answer {run_id} {asked.input_id}")
    return False
