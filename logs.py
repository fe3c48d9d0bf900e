"""How every process of ours writes its log: one line per event, JSON or readable, and never a secret in it.

structlog and the standard library's loggers (uvicorn, asyncpg, ...) end in the same handler. Every text on its way into
a line passes `Border`, which bounds it and leaves no character in it that a terminal obeys. Redaction is the last
step, over the finished line: what was said, by whom, or in which traceback makes no difference.
"""

import json as _json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO, cast

import structlog
from pydantic import BaseModel, SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from events.text import LINE_BREAKS, UNSAFE

REDACTED = "[redacted]"
# Shorter than this, a secret is part of too many ordinary words: it is taken out where it stands alone. Tokens are
# longer, but the key of a local model server may be anything.
SHORT = 6
LONGEST = 16_384
"""Characters of all texts of a line together, before they are rendered. A traceback may be long; nothing else is."""
# Longer than any secret, so that one which a cut goes through is redacted as a whole first.
MARGIN = 2_048
# Characters that are unsafe in any text, that end a line, and lone surrogates, which no stream can encode.
CONTROLS = re.compile(f"[{UNSAFE}{LINE_BREAKS}\ud800-\udfff]")
# Each of these reads a run of characters once: text from outside may be one long run.
PATTERNS = [
    (re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {REDACTED}"),
    # "eyJ" begins whatever is a JSON object in base64: a token, whole or cut.
    (re.compile(r"\beyJ[A-Za-z0-9_.-]{8,}"), REDACTED),
    (re.compile(r"\b([a-z][a-z0-9+.-]{0,30}://[^\s:/@\"']*):[^\s/@\"']+@"), rf"\1:{REDACTED}@"),
    (re.compile(r"(?i)\b((?:access_?|api_?)?(?:token|key|secret|password))=[^\s&\"']+"), rf"\1={REDACTED}"),
]
# sse-starlette logs every chunk that it sends at DEBUG, which is the text of our runs; the others log each request; and
# asyncpg's pools each try to connect to a database that is away, with a traceback, where we say once that it is.
QUIET = {
    "sse_starlette": logging.INFO,
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "openai": logging.INFO,
    "asyncpg.pool": logging.ERROR,
}

# Prefect's messages about a run go to its page there, step by step; our log would only repeat them. And where an
# input does not fit its flow, Prefect logs the whole input as an error. Asked of each record: Prefect resets the levels
# of its loggers when it is imported, which is later.
ELSEWHERE = {
    "prefect.flow_runs": logging.WARNING,
    "prefect.task_runs": logging.WARNING,
    "prefect.flows": logging.CRITICAL,
}

# Texts of several lines.
TRACES = ("exception", "stack")


class Redact:
    """The last processor: takes a rendered line, gives it back without known secrets and what looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets if secret for form in forms(secret)}
        # The longest first: a secret may contain another.
        words = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(pattern_of, words))) if words else None

    def __call__(self, logger: WrappedLogger, name: str, line: EventDict | str) -> str:
        return self.text(str(line))

    def text(self, line: str) -> str:
        if self._known is not None:
            line = self._known.sub(REDACTED, line)
        for pattern, instead in PATTERNS:
            line = pattern.sub(instead, line)
        return line


class Border:
    """The only way for text into a line: bounds it, and replaces control characters by their escapes (`\\x1b`).

    A traceback keeps its line breaks; behind each stands `indent`, so that no part of it can pass for a line of its
    own. Runs before the line is rendered, so that a cut never goes through the syntax of JSON.
    """

    def __init__(self, redact: Redact, indent: str) -> None:
        self._redact = redact
        self._line_break = f"\n{indent}"

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        texts = {self._plain(key): value if _is_plain(value) else _text(value) for key, value in event.items()}
        # The shortest first: what they leave is for the long ones, in equal shares.
        room, left = LONGEST, len(texts)
        bounded: dict[str, str] = {}
        for key, text in sorted(texts.items(), key=lambda item: len(str(item[1]))):
            if isinstance(text, str):
                bounded[key] = self._told(key, self._cut(text, room // left))
                room -= min(len(text), room // left)
            left -= 1
        return {key: bounded.get(key, value) for key, value in texts.items()}

    def _cut(self, text: str, most: int) -> str:
        """The beginning and the end: of a traceback, the end is the error itself. Secrets are redacted first where the
        finished line would not show them whole: a cut may go through one, and a line break in one is escaped."""
        if len(text) <= most:
            return self._redact.text(text) if CONTROLS.search(text) else text
        half = most // 2
        head = self._redact.text(text[: half + MARGIN])[:-MARGIN]
        tail = self._redact.text(text[-half - MARGIN :])[MARGIN:]
        return f"{head} [{len(text) - most} characters left out] {tail}"

    def _told(self, key: str, text: str) -> str:
        if key not in TRACES:
            return self._plain(text)
        return self._line_break.join(self._plain(line) for line in text.split("\n"))

    def _plain(self, text: str) -> str:
        return CONTROLS.sub(_escaped, text)


def _is_plain(value: object) -> bool:
    """A number, a truth value or None: it stays what it is in JSON."""
    return value is None or isinstance(value, bool | int | float)


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def forms(secret: str) -> list[str]:
    """As it is, as JSON has it, and as Python shows it."""
    return [secret, _json.dumps(secret)[1:-1], _json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]]


def pattern_of(form: str) -> str:
    """The expression that finds it; a short one is not looked for inside words."""
    # In JSON, a line break is a backslash and a letter.
    alone = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])){}(?![A-Za-z0-9])"
    return alone.format(re.escape(form)) if len(form) < SHORT else re.escape(form)


def secrets_in(settings: BaseModel) -> list[str]:
    """Every `SecretStr` of a settings object, also inside mappings, lists and tuples, as plain text."""
    return [secret for name in type(settings).model_fields for secret in _secrets(getattr(settings, name))]


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict):
        yield from _secrets(list(cast(dict[object, object], value).values()))
    elif isinstance(value, list | tuple):
        for each in cast(Sequence[object], value):
            yield from _secrets(each)


def configure(
    level: str = "INFO", json: bool = True, *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Set up logging for this process; call it once, first. `json` False gives readable lines for a terminal."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    redact = Redact(secrets)
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        Border(redact, indent="" if json else "    "),
    ]
    if json:
        last.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    else:
        target = stream or sys.stderr
        last.append(
            structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback)
        )
    # A processor's type wants a dictionary back; the last one of a formatter gives the line.
    last.append(redact)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared))
    handler.addFilter(_belongs)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, lowest in QUIET.items():
        logging.getLogger(name).setLevel(max(lowest, root.level))


def _belongs(record: logging.LogRecord) -> bool:
    return all(record.levelno >= lowest or not record.name.startswith(name) for name, lowest in ELSEWHERE.items())
