"""Every setting in one place: its environment variable, its default, and what it means. docs/settings.md lists them."""

import re
from base64 import b64decode
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AliasGenerator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

import bearer
from hosts import EVERY, from_here, is_loopback, origin_of


class BadSettings(ValueError):
    """Settings that are valid one by one, but unsafe together. The message says what to change."""


class Settings(BaseSettings):
    """Read once per process, from the environment only. A bad value is named before anything starts."""

    model_config = SettingsConfigDict(
        frozen=True,
        populate_by_name=True,
        extra="ignore",
        # Settings hold tokens, and an error may end in a log.
        hide_input_in_errors=True,
        # Unless a field says otherwise.
        alias_generator=AliasGenerator(validation_alias=lambda name: f"STEPGLASS_{name.upper()}"),
    )

    host: str = Field(default="127.0.0.1", description="Address that the API listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the API and the page.")
    prefect_port: int = Field(default=4200, ge=1, le=65535, description="Port of the Prefect server that we start.")
    demo_port: int = Field(default=0, ge=0, le=65535, description="Port of the demo model; 0 takes any free one.")
    data_dir: Path = Field(default=Path(".stepglass"), description="Where the embedded database and logs live.")
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL 14 or newer to use instead of the embedded one.",
    )
    prefect_api_url: str | None = Field(
        default=None, validation_alias="PREFECT_API_URL", description="Prefect server to use instead of starting one."
    )
    prefect_api_auth_string: SecretStr | None = Field(
        default=None,
        validation_alias="PREFECT_API_AUTH_STRING",
        description="Login for the Prefect server, ASCII without blanks. "
        "Unset: made once, for the Prefect server that we start.",
    )
    prefect_documents: bool | None = Field(
        default=None,
        description="1: publish the texts and tables of results in Prefect, which knows no tenants. "
        "Unset: only where the API has no tokens.",
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        validation_alias="OPENAI_API_KEY",
        description="Key for the model server. With neither key nor URL the demo model runs.",
    )
    openai_base_url: str | None = Field(
        default=None,
        validation_alias="OPENAI_BASE_URL",
        description="Any OpenAI-compatible server, for example http://127.0.0.1:11434/v1.",
    )
    model_heavy: str | None = Field(default=None, description="Model for framework, repair and one-pager.")
    model_light: str | None = Field(default=None, description="Model for brief, QA and scoring.")
    model_concurrency: int = Field(
        default=300,  # three for each run that it carries: with so many a run of our own pipelines begins
        ge=1,
        description="Model calls that one worker makes at once. Runs share them: who makes the fewest is next.",
    )
    prices: Path | None = Field(default=None, description="TOML file with prices per model, on top of the one we ship.")
    demo_speed: float = Field(
        default=1.0, ge=0, description="Pace of the demo model: 2 is twice as fast, 0 means no waiting."
    )
    worker_runs: int = Field(default=100, ge=1, description="Runs that one worker carries at once.")
    prefect_runs: int = Field(
        default=4,
        ge=1,
        description="Runs that one worker shows live in Prefect at once; others are registered when they end.",
    )
    run_deadline: float = Field(default=900.0, gt=0, description="Seconds after which a run is ended in error.")
    batch_deadline: float = Field(default=86_400.0, gt=0, description="Seconds after which a batch is ended in error.")
    batches: Path | None = Field(
        default=None,
        description="Folder of the files that the deployment `batch` does. Unset: batches, in the data directory.",
    )
    answer_within: float = Field(
        default=86_400.0, gt=0, description="Seconds that a run waits for a person's answer, where it asks for one."
    )
    max_cost_usd: float | None = Field(
        default=None,
        gt=0,
        description="US dollars that a run may cost; a request can lower it, and never raise it. Unset: no limit.",
    )
    runs_per_minute: int = Field(default=600, ge=1, description="Runs a minute, for each tenant.")
    live_runs: int = Field(
        default=1000, validation_alias="STEPGLASS_LIVE_RUNS", ge=1, description="Runs of a tenant that have not ended."
    )
    changes_per_minute: int = Field(
        default=600,
        ge=1,
        description="Changes a minute that each process of the API makes for a tenant: all that is neither read nor "
        "a start.",
    )
    streams: int = Field(
        default=2000,
        ge=1,
        description="Streams, starts that wait among them, that each process of the API keeps open for a tenant.",
    )
    spend_per_day_usd: float | None = Field(
        default=None,
        gt=0,
        description="US dollars a day (UTC) after which a tenant starts no more runs; those that go on stop a tenth "
        "above it. Unset: no limit.",
    )
    lease: float = Field(
        default=10.0, ge=1, description="Seconds after which a run whose worker is gone is taken over by another."
    )
    prefect_budget: float = Field(
        default=0.25, ge=0, description="Seconds that a step waits for Prefect's engine before it goes on by itself."
    )
    api_tokens: Annotated[dict[str, tuple[SecretStr, ...]], NoDecode] = Field(
        default_factory=dict[str, tuple[SecretStr, ...]],
        description="Bearer tokens of 16 characters or more, as tenant:token,tenant:token. tenant:token|token gives "
        "a tenant two; sha256= and a hash may stand in place of a token. `stepglass token` makes both. "
        "Unset: no tokens, one tenant called default.",
    )
    allow_anonymous: bool = Field(
        default=False,
        description="1: start without tokens also where STEPGLASS_HOST, STEPGLASS_PUBLIC_URL or STEPGLASS_HOSTS "
        "lets a network in. Anyone there can then read every run, start runs with your model key, and see the metrics.",
    )
    allow_plaintext: bool = Field(
        default=False,
        description="1: send OPENAI_API_KEY to an http:// server on the internet, and the CLI's token to an http:// "
        "API on another machine. Anyone on the way can then read them.",
    )
    token_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="What tokens for one run are signed with, 32 characters at least. Unset: made once, in the store.",
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list[str],
        description="Origins (https://HOST or https://HOST:PORT), separated by commas, whose pages may call the API. "
        "None by default.",
    )
    hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=list[str],
        description="Names, separated by commas, that the API and a worker's metrics answer for beside localhost, "
        "addresses and the host of STEPGLASS_PUBLIC_URL. * for any.",
    )
    web_dir: Path | None = Field(
        default=None,
        description="Folder of the built page, if not web/dist/app beside the code. Without a page, / leads to /docs.",
    )
    public_url: str | None = Field(
        default=None, description="Address under which people reach the API, for links in Prefect."
    )
    compact_after: float = Field(
        default=3600.0,
        # Longer than a writer waits for the answer to a commit, which it then looks for in the log.
        ge=60,
        description="Seconds after the end of a run when its log is packed, which nobody who reads it notices.",
    )
    keep_runs: float | None = Field(
        default=None,
        gt=0,
        description="Days after which runs that have ended are removed, with all that belongs to them. Unset: never.",
    )
    metrics: bool = Field(
        default=False,
        description="1: figures for Prometheus, at /metrics of the API, and of each worker on a port of its own.",
    )
    metrics_port: int = Field(
        default=9464, ge=0, le=65535, description="Port of the worker's figures, on STEPGLASS_HOST; 0 for none."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for /metrics, which is of all tenants: 16 characters or more, or sha256= and a hash. "
        "Needed there where the API has tokens.",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Where workers send spans of runs, steps and model calls. Needs stepglass[otel].",
    )
    webhook_url: SecretStr | None = Field(
        default=None, description="Address that alerts are sent to, as CloudEvents. It is kept out of logs."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="What they are signed with: whsec_ and base64, or any words."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("api_tokens", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return bearer.split(value) if isinstance(value, str) else value

    @field_validator("api_tokens")
    @classmethod
    def _tokens(cls, value: dict[str, tuple[SecretStr, ...]]) -> dict[str, tuple[SecretStr, ...]]:
        bearer.check_all(value)
        return value

    @field_validator("metrics_token")
    @classmethod
    def _metrics_token(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None:
            bearer.check(value)
            tenants: bearer.Tokens = info.data.get("api_tokens", {})
            known = {bearer.digest_of(each) for tokens in tenants.values() for each in tokens}
            if bearer.digest_of(value) in known:
                raise ValueError("is also a token of a tenant, who must not see the metrics of all. Use another one.")
        return value

    @field_validator("prefect_api_auth_string")
    @classmethod
    def _login(cls, value: SecretStr | None) -> SecretStr | None:
        # Prefect 3.8.8 refuses even the right login where it has letters beyond ASCII.
        if value is not None and not re.fullmatch(r"[!-~]+", value.get_secret_value()):
            raise ValueError("expected NAME:PASSWORD of ASCII letters, digits and punctuation, without blanks")
        return value

    @field_validator("webhook_url", mode="after")
    @classmethod
    def _address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("expected an address that begins with https:// or http://")
        return value

    @field_validator("webhook_secret", mode="after")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        """A key that is none is told now, not when there is something to be sent."""
        encoded = "" if value is None else value.get_secret_value()
        if encoded.startswith("whsec_"):
            try:
                b64decode(encoded.removeprefix("whsec_"), validate=True)
            except ValueError:
                raise ValueError("expected base64 behind whsec_") from None
        return value

    @field_validator("cors_origins", "hosts", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        return [origin if origin == EVERY else origin_of(origin) for origin in value]

    @property
    def store_url(self) -> str:
        """Where the store is. Raises `ValueError` without `DATABASE_URL`, which `stepglass up` sets for its parts."""
        if self.database_url is None:
            raise ValueError("No DATABASE_URL: this part needs the store. `stepglass up` starts one and all the parts.")
        return self.database_url.get_secret_value()

    @property
    def page_dir(self) -> Path:
        """Where the built page is, if it is built."""
        return self.web_dir or Path(__file__).parent / "web" / "dist" / "app"

    @property
    def batches_dir(self) -> Path:
        return self.batches or self.data_dir / "batches"

    def publishes_documents_of(self, tenant: str) -> bool:
        """Whether results of `tenant` are published in Prefect, where its operators see those of every tenant.

        A worker need not know the tokens of the API. A tenant with a name says as well that there are some.
        """
        if self.prefect_documents is not None:
            return self.prefect_documents
        return tenant == "default" and not self.api_tokens

    @property
    def wants_demo(self) -> bool:
        """No key and no URL: then the demo model answers."""
        return self.openai_api_key is None and self.openai_base_url is None

    @property
    def models(self) -> str | None:
        """The models that are named to the server; None where there is no server, as in an API without one."""
        return None if self.wants_demo else f"{self.model_heavy or '-'} {self.model_light or '-'}"

    @property
    def metrics_digest(self) -> bytes | None:
        return None if self.metrics_token is None else bearer.digest_of(self.metrics_token)

    @property
    def public_host(self) -> str | None:
        return urlsplit(self.public_url or "").hostname

    @property
    def names(self) -> list[str]:
        """What we are called, besides localhost: where we listen, where people reach us, and any other names."""
        return [self.host, *([self.public_host] if self.public_host else []), *self.hosts]

    @property
    def opening(self) -> tuple[str, str] | None:
        """The setting that lets a network reach the API, by itself or through a proxy, and its value."""
        if not is_loopback(self.host):
            return "STEPGLASS_HOST", self.host
        if self.public_host and not is_loopback(self.public_host):
            return "STEPGLASS_PUBLIC_URL", self.public_url or ""
        if not all(is_loopback(name) for name in self.hosts):
            return "STEPGLASS_HOSTS", ",".join(self.hosts)
        return None

    @property
    def anonymous_api(self) -> bool:
        """Whether anyone on a network may use the API."""
        return not self.api_tokens and self.opening is not None

    @property
    def anonymous_metrics(self) -> bool:
        """Whether anyone on a network may see the worker's metrics."""
        shown = self.metrics and self.metrics_port
        return bool(shown) and self.metrics_token is None and not is_loopback(self.host)

    def guard_api(self) -> None:
        """Raises `BadSettings` where anyone on a network may use the API, and no setting allows it."""
        if self.opening and self.anonymous_api and not self.allow_anonymous:
            raise _refusal(*self.opening, "read every run and start runs with your model key", "STEPGLASS_API_TOKENS")

    def guard_metrics(self) -> None:
        """The same for the worker's metrics."""
        if self.anonymous_metrics and not self.allow_anonymous:
            raise _refusal("STEPGLASS_HOST", self.host, "see the worker's metrics", "STEPGLASS_METRICS_TOKEN")

    @property
    def url(self) -> str:
        """Where the API answers on this machine."""
        return self.public_url or f"http://{from_here(self.host)}:{self.port}"


def _refusal(opening: str, value: str, harm: str, missing: str) -> BadSettings:
    return BadSettings(
        f"{opening} is {value!r}, which is not only this machine, and {missing} is not set: "
        f"anyone on the network could {harm}. Set {missing} (`stepglass token` makes a token), or unset {opening}. "
        "If anyone is meant to, set STEPGLASS_ALLOW_ANONYMOUS=1."
    )
