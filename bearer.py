"""Bearer tokens: how they are made, how settings write them, and how a request's token is compared with those."""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256

from pydantic import SecretStr

SHORTEST = 16
HASHED = "sha256="
# A token as RFC 6750 (section 2.1) has it: so the marks that separate tokens in settings can never be part of one.
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+={0,2}")
HASH = re.compile(r"[0-9A-Fa-f]{64}")
HELP = "`stepglass token` makes a good one."

Tokens = Mapping[str, Sequence[SecretStr]]
"""The tokens of each tenant: plain, or `sha256=` and a hash."""


def new_token() -> str:
    """256 random bits, in 43 characters."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What may stand in settings in place of the token."""
    return HASHED + digest(token).hex()


def digest(token: str) -> bytes:
    """A plain SHA-256 is enough for what nobody can guess: salt and slowness protect words that people choose."""
    return sha256(token.encode()).digest()


def digest_of(known: SecretStr) -> bytes:
    """The digest of a token in the settings, plain or hashed."""
    written = known.get_secret_value()
    return bytes.fromhex(written.removeprefix(HASHED)) if written.startswith(HASHED) else digest(written)


def token_in(authorization: str | None) -> str | None:
    """The bearer token of an `Authorization` header, if it has one."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def has_token(authorization: str | None, known: bytes) -> bool:
    """Whether an `Authorization` header has the token of the digest `known`: compared in constant time."""
    return hmac.compare_digest(known, digest(token_in(authorization) or ""))


def check(written: SecretStr) -> None:
    """Raises `ValueError` for a short or malformed token. No error of this module repeats any part of a token."""
    token = written.get_secret_value()
    if token.startswith(HASHED):
        if not HASH.fullmatch(token.removeprefix(HASHED)):
            raise ValueError("must have 64 hexadecimal digits behind sha256=. `stepglass token` prints such a hash.")
    elif len(token) < SHORTEST:
        length = "1 character" if len(token) == 1 else f"{len(token)} characters"
        raise ValueError(f"has {length}, and must have {SHORTEST} or more. {HELP}")
    elif not TOKEN.fullmatch(token):
        raise ValueError(f"may only have letters, digits and - . _ ~ + / in it, and = at its end. {HELP}")


def check_all(tokens: Tokens) -> None:
    """Raises `ValueError` for the first token that is short, malformed or repeated."""
    seen: dict[bytes, str] = {}
    for tenant, written in tokens.items():
        for position, each in enumerate(written, 1):
            name = f"Token {position} of tenant {tenant!r}"
            try:
                check(each)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
            if (first := seen.setdefault(digest_of(each), name)) != name:
                raise ValueError(f"{name} repeats an earlier one ({first}). A token names one tenant. {HELP}")


def is_tenant(name: str) -> bool:
    """Whether this can be the name of a tenant in settings."""
    return bool(name) and name == name.strip() and name.isprintable() and not set(name) & {",", ":"}


def split(text: str) -> dict[str, list[str]]:
    """`acme:TOKEN|TOKEN,beta:TOKEN` as tokens by tenant. Raises `ValueError` for text of another form."""
    tokens: dict[str, list[str]] = {}
    if not text.strip():
        raise ValueError("It is set, but empty: expected TENANT:TOKEN. Unset it to start without tokens.")
    for position, entry in enumerate(text.split(","), 1):
        tenant, colon, rest = (part.strip() for part in entry.partition(":"))
        if not entry.strip():
            raise ValueError(f"Entry {position} is empty: expected TENANT:TOKEN between two commas.")
        if not colon:
            raise ValueError(f"Entry {position} has no colon: expected TENANT:TOKEN. A token cannot contain a comma.")
        if not is_tenant(tenant):
            raise ValueError(f"Entry {position} has no printable tenant before its colon: expected TENANT:TOKEN.")
        if tenant in tokens:
            raise ValueError(f"Tenant {tenant!r} is named twice. Write {tenant}:TOKEN|TOKEN to give it two tokens.")
        tokens[tenant] = [token.strip() for token in rest.split("|")]
    return tokens
