"""What a client says in request headers beside the body: what it prefers, what it has seen, and who is there."""

import re
from contextlib import suppress
from unicodedata import category
from urllib.parse import quote

from api.problems import HttpProblem
from api.state import Request
from events.text import unsafe_in_line

LONGEST_WAIT = 60.0
LONGEST_KEY = 255
LONGEST_AUTHOR, LONGEST_FILE_NAME = 100, 80
# Beside letters, digits and the marks on them.
IN_FILE_NAME = " ._()-"
# `wait` among the preferences of RFC 7240; its value is a number of seconds, perhaps quoted.
WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)
# Entity tags (RFC 9110, section 8.8.3), one or several.
TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
TAGS = re.compile(rf"(?:\s*{TAG.pattern}\s*(?:,|$))+")


def preferred_wait(request: Request) -> float | None:
    """Seconds from `Prefer: wait=N`, at most 60. A preference that cannot be read is passed over, as RFC 7240 says."""
    found = WAIT.search(",".join(request.headers.getlist("prefer")))
    return min(float(found[1]), LONGEST_WAIT) if found else None


def idempotency_key(request: Request) -> str | None:
    """The `Idempotency-Key`, as it is. Raises `HttpProblem` 400 for one that is empty, too long or unprintable."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        detail = f"Idempotency-Key must have 1 to {LONGEST_KEY} printable ASCII characters."
        raise HttpProblem("bad-request", detail)
    return key


def if_match(request: Request) -> set[str] | None:
    """What `If-Match` names, None where anything will do. Raises `HttpProblem` 400 for what are no entity tags.

    A weak tag is as good as a strong one here: proxies make one of the other, and a version has one content only.
    """
    given = ",".join(request.headers.getlist("if-match")).strip()
    if given in ("", "*"):
        return None
    if not TAGS.fullmatch(given):
        raise HttpProblem(
            "bad-request", 'If-Match is not an entity tag: one such as "3" was expected, with the quotes.'
        )
    return set(TAG.findall(given))


def none_match(request: Request) -> set[str]:
    """What `If-None-Match` says that the client has. What cannot be read is passed over."""
    given = ",".join(request.headers.getlist("if-none-match"))
    return set(TAG.findall(given)) if TAGS.fullmatch(given) else set()


def author(request: Request) -> str:
    """Who changes something: the name in `Stepglass-Author`, which is the client's word, else the tenant's.

    It may be in UTF-8, or in ISO 8859-1 as headers once were. Raises `HttpProblem` 400 for one that nobody could read.
    """
    given = request.headers.get("stepglass-author")
    if given is None:
        return request.state["tenant"]
    with suppress(UnicodeDecodeError):
        given = given.encode("latin-1").decode()
    name = given.strip()
    if not 0 < len(name) <= LONGEST_AUTHOR:
        raise HttpProblem("bad-request", f"Stepglass-Author must have 1 to {LONGEST_AUTHOR} characters.")
    if (unsafe := unsafe_in_line(name)) is not None:
        raise HttpProblem("bad-request", f"Stepglass-Author holds {unsafe}, which no name may hold.")
    return name


def attachment(name: str | None, fallback: str, ending: str) -> dict[str, str]:
    """`Content-Disposition` of a file that is called like something that people have named (RFC 6266). `fallback`, in
    ASCII, is for what does not know the other form of a name, and for a name of which nothing is left."""
    safe = file_name(name or "")
    extended = f"; filename*=UTF-8''{quote(safe + ending, safe='')}" if safe else ""
    return {"Content-Disposition": f'attachment; filename="{fallback}{ending}"{extended}'}


def file_name(name: str) -> str:
    """The border to a file system: the result is never a path, a drive or a hidden file, and all of it is visible."""
    letters = (letter if category(letter)[0] in "LMN" or letter in IN_FILE_NAME else "-" for letter in name)
    return "".join(letters)[:LONGEST_FILE_NAME].strip(" .-")


def chosen_type(request: Request, offered: list[str]) -> str:
    """The one of `offered` (favourite first) that `Accept` likes best. Raises `HttpProblem` 406 when it likes none."""
    accept = ",".join(request.headers.getlist("accept")) or "*/*"
    liked = {media_type: quality(accept, media_type) for media_type in offered}
    best = max(offered, key=lambda media_type: liked[media_type])
    if liked[best] == 0:
        raise HttpProblem("not-acceptable", f"This comes as {' or '.join(offered)}.")
    return best


def quality(accept: str, media_type: str) -> float:
    """How much `Accept` likes a type, 0 to 1: its most specific range counts (RFC 9110, section 12.5.1)."""
    best = (-1, 0.0)
    for part in accept.lower().split(","):
        wanted, _, parameters = part.strip().partition(";")
        wanted = wanted.strip()
        if wanted in (media_type, f"{media_type.split('/')[0]}/*", "*/*"):
            weight = re.search(r"(?:^|;)\s*q=([01](?:\.\d{0,3})?)", parameters)
            best = max(best, (2 - wanted.count("*"), min(float(weight[1]), 1.0) if weight else 1.0))
    return best[1]
