"""The executive summary: one page of Markdown, with fixed headings and a length that fits the page."""

import re
from string import ascii_lowercase

from pydantic import BaseModel, ConfigDict

from events.contract import ProblemError
from steps._place import current_attempt
from steps._prompt import Fixed
from steps._step import step
from steps._write import write_text
from steps.errors import StepFailed
from steps.vision_framework._lengths import LONGEST_TEXT
from steps.vision_framework._prompts import laid_out, prompt
from steps.vision_framework.answers import VisionBrief
from steps.vision_framework.document import Framework

HEADINGS = ("Vision", "Why now", "How we win", "The next twelve months", "How we will know", "Open tensions")
WORDS = (300, 400)
# Many models cannot count. The first attempt is held to the bounds; later ones are told so, and are let through
# within a tenth of them: better a page of 407 words than a run that fails over seven.
TOLERANCE = 0.1

_OURS = {heading.casefold(): heading for heading in HEADINGS}
_FENCE = "```"
# A word is a run of letters and digits, with what joins them inside; scripts without blanks count by the character.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+(?:[.,'’/-][^\W_]+)*")
_AGAIN = Fixed(
    "An earlier attempt missed the headings or the length. Count the words of each part as you write it: about 55 "
    "words a part, 350 in all, never fewer than 300 and never more than 400."
)


class OnePager(BaseModel):
    """The page in Markdown, and how many words it has, headings included."""

    model_config = ConfigDict(frozen=True)

    markdown: str
    words: int


@step("Create one-pager", retries=2, timeout=180, expected=9)
async def one_pager(framework: Framework, answers: VisionBrief) -> OnePager:
    """Written again, up to twice, when a heading is missing or the length is out of bounds."""
    again = current_attempt().number > 1
    ask = prompt(
        "one_pager",
        company_name=answers.company_name,
        framework=framework.model_dump(mode="json", exclude={"company_id", "updated_at"}),
        answers=laid_out(answers),
        headings=Fixed("\n".join(f"## {heading}" for heading in HEADINGS)),
        note=_AGAIN if again else Fixed(""),
    )
    text = tidied(await write_text(ask, tier="heavy", longest=LONGEST_TEXT))
    if wrong := faults(text, TOLERANCE if again else 0.0):
        detail = " ".join(one.detail for one in wrong)
        raise StepFailed("The one-pager is not in form", detail, errors=wrong, retryable=True)
    return OnePager(markdown=text, words=count_words(text))


def count_words(markdown: str) -> int:
    """Words as a person counts them: marks of Markdown and punctuation are none."""
    return len(_WORD.findall(markdown))


def tidied(text: str) -> str:
    """The page where only its form is off: out of its code fence, our headings as we spell them."""
    first, *rest = _unfenced(text.strip()).strip().split("\n")
    # A company may be called as one of the parts: the title stays as it is.
    return "\n".join([first if first.startswith("# ") else _spelt(first), *map(_spelt, rest)])


def _unfenced(text: str) -> str:
    opening, _, body = text.partition("\n")
    language = opening.removeprefix(_FENCE)
    if language == opening or language.strip(ascii_lowercase) or not body.endswith(_FENCE):
        return text
    return body.removesuffix(_FENCE)


def _spelt(line: str) -> str:
    """A line; where it is one of our headings, as we spell it."""
    marked = line.lstrip(" ")
    title = marked.lstrip("#")
    indent, level = len(line) - len(marked), len(marked) - len(title)
    if indent > 3 or not 1 <= level <= 6 or not title.startswith((" ", "\t")):
        return line
    plain = title.rstrip(" \t#:*_").lstrip(" \t*_").casefold()
    return f"## {_OURS[plain]}" if plain in _OURS else line


def faults(markdown: str, tolerance: float = 0.0) -> list[ProblemError]:
    """What is wrong with a page: headings that are missing or out of order, and its length. `[]` when it is good."""
    found: list[ProblemError] = []
    there = [line[3:] for line in markdown.splitlines() if line.startswith("## ") and line[3:] in HEADINGS]
    missing = [heading for heading in HEADINGS if heading not in there]
    if missing:
        found.append(ProblemError(pointer="/markdown", detail=f"Headings are missing: {', '.join(missing)}."))
    elif there != list(HEADINGS):
        found.append(ProblemError(pointer="/markdown", detail="The headings are not in their order, each once."))
    words, (least, most) = count_words(markdown), WORDS
    if not least * (1 - tolerance) <= words <= most * (1 + tolerance):
        found.append(
            ProblemError(pointer="/markdown", detail=f"It has {words} words; {least} to {most} are asked for.")
        )
    return found
