"""What has to be known before a model can be asked: where it is, which one, and how long we wait."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr

from hosts import is_loopback
from llm.prices import Prices, load_prices

OPENAI_URL = "https://api.openai.com/v1"

DEFAULT_HEAVY = "gpt-5"
"""What OpenAI is asked for when `STEPGLASS_MODEL_HEAVY` is not set. Other servers have names of their own."""

DEFAULT_LIGHT = "gpt-5-mini"

ALLOW_REMOTE_MODELS = True
"""False: `open_model` refuses every server that is not on this machine.

A test sets this (`monkeypatch.setattr("llm.config.ALLOW_REMOTE_MODELS", False)`), so that a key left in somebody's
environment cannot spend money: the refusal comes before there is a client that could.
"""


class RemoteModelForbidden(RuntimeError):
    """A test was about to talk to a model server that is not on this machine."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds. Only what a person would call an answer counts: keep-alive comments and empty chunks do not."""

    connect: float = 10.0
    """Until there is a connection, encryption included."""
    first: float = 120.0
    """From sending the request to the first piece of text or reasoning. Some models think for minutes, silently."""
    idle: float = 45.0
    """Between two pieces."""
    total: float = 300.0
    """From sending the request to the end of the answer."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model server. Without `heavy` or `light`: OpenAI's defaults above, elsewhere what the server has.

    Raises `ValueError` for an address or a key that can be none.
    """

    base_url: str | None = None
    api_key: SecretStr | None = None
    heavy: str | None = None
    light: str | None = None
    max_concurrent: int = 16
    """Calls under way at once; the next ones wait in the order in which they came."""
    deadlines: Deadlines = field(default_factory=Deadlines)
    max_chars: int = 400_000
    """Length of an answer, reasoning included, after which we stop listening: a stream may never end by itself."""
    prices: Prices = field(default_factory=load_prices)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                "The address of the model server must be of the form http://host:port/v1 or https://host/v1."
            )
        if not self.key.isascii() or not self.key.isprintable() or " " in self.key:
            raise ValueError("The key for the model server has characters that no key has. Was more than it pasted?")

    @property
    def key(self) -> str:
        """The key itself, or ""."""
        return self.api_key.get_secret_value().strip() if self.api_key else ""

    @property
    def signed(self) -> bool:
        return bool(self.key)

    @property
    def url(self) -> str:
        return (self.base_url or OPENAI_URL).rstrip("/")

    @property
    def server(self) -> str:
        """Host and port, for a sentence: an address may hold a password, this never does."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    @property
    def is_openai(self) -> bool:
        return urlsplit(self.url).hostname == "api.openai.com"

    @property
    def is_local(self) -> bool:
        """On this machine: the name localhost, or a loopback address."""
        return is_loopback(urlsplit(self.url).hostname or "")


def check_allowed(config: ModelConfig) -> None:
    """Raises `RemoteModelForbidden` where `ALLOW_REMOTE_MODELS` is off and the server is not on this machine."""
    if not ALLOW_REMOTE_MODELS and not config.is_local:
        raise RemoteModelForbidden(
            f"{config.server} is not on this machine, and ALLOW_REMOTE_MODELS is off (it is in tests). "
            "Use tests/scripted_model.py or the demo model."
        )
