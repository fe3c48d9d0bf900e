"""Each process of the stack has of our environment what it needs, and no secret of the others."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cli._environment import NEEDS, environment_of, is_secret
from cli._part import Part
from cli._process import Process
from cli._stack import STAGES, Stack
from cli._supervisor import Supervisor
from settings import Settings
from tests.cli.processes import Heard, supervising, until

SECRETS = {str(field.validation_alias) for field in Settings.model_fields.values() if is_secret(field)}
ONLY = {
    "DATABASE_URL": {"api", "worker", "deployments"},
    "PGPASSWORD": {"api", "worker", "deployments", "prefect"},
    "OPENAI_API_KEY": {"worker"},
    "OPENAI_ORG_ID": {"worker"},
    "OTEL_EXPORTER_OTLP_HEADERS": {"worker"},
    "PREFECT_API_AUTH_STRING": {"worker", "deployments", "prefect"},
    "PREFECT_API_KEY": {"worker", "deployments", "prefect"},
    "STEPGLASS_API_TOKENS": {"api"},
    "STEPGLASS_METRICS_TOKEN": {"api", "worker"},
    "STEPGLASS_TOKEN_SECRET": {"api"},
    "STEPGLASS_WEBHOOK_SECRET": {"worker"},
    "STEPGLASS_WEBHOOK_URL": {"worker"},
    # Of the commands, of others, or of nobody that we know.
    "STEPGLASS_TOKEN": set[str](),
    "AWS_SECRET_ACCESS_KEY": set[str](),
    "GITHUB_TOKEN": set[str](),
    "NPM_CONFIG_USERCONFIG": {"page"},
}
FOR_ALL = ("PATH", "HOME", "LC_ALL", "TZ", "https_proxy", "NO_PROXY", "SSL_CERT_FILE", "PYTHONPATH", "VIRTUAL_ENV")


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[None]:
    """The loop of a supervisor starts processes, and serves nobody who would wait."""
    yield


def who_gets(name: str) -> set[str]:
    return {part for part in NEEDS if name in environment_of(part, {name: "a value"})}


@pytest.mark.parametrize("name", ONLY)
def test_l1_a_secret_reaches_only_the_parts_that_need_it(name: str) -> None:
    assert who_gets(name) == ONLY[name]


def test_l1_every_secret_among_the_settings_is_one_of_those_above() -> None:
    assert "STEPGLASS_API_TOKENS" in SECRETS
    assert set(ONLY) >= SECRETS


@pytest.mark.parametrize("name", FOR_ALL)
def test_l1_what_python_and_the_network_need_reaches_every_part(name: str) -> None:
    assert who_gets(name) == set(NEEDS)


def test_l1_settings_that_are_no_secret_reach_every_part_that_reads_settings() -> None:
    for name in ("STEPGLASS_PORT", "STEPGLASS_LOG_LEVEL", "STEPGLASS_DATA_DIR", "stepglass_demo_speed"):
        assert who_gets(name) == set(NEEDS) - {"page"}


async def test_l1_a_process_has_the_environment_of_its_part_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGLASS_API_TOKENS", "acme:not-for-this-one")
    heard = Heard()
    program = "import os, signal; print('has', *sorted(os.environ), flush=True); signal.pause()"
    async with supervising(heard) as supervisor:
        supervisor.start(Part("a", (sys.executable, "-c", program), env={"TZ": "UTC", "OF_ITS_OWN": "1"}))
        await until(lambda: heard.lines)
    # Python sets LC_CTYPE where the locale is C.
    assert set(heard.lines[0].split()[2:]) - {"LC_CTYPE"} == {"OF_ITS_OWN", "STEPGLASS_LIFELINE", "TZ"}


class Ready(Process):
    """Said to be ready, and never started."""

    async def until_ready(self) -> None:
        self.where = "postgresql://stepglass@/stepglass?host=/run/sockets"


class Idle(Supervisor):
    """Takes note of the parts, and starts none."""

    def start(self, part: Part) -> Process:
        process = Ready(part, say=lambda name, text: None, output=lambda name, line: None)
        self.processes[part.name] = process
        return process


async def started(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """The environments that a stack would start its parts with."""
    idle = Idle(STAGES, say=lambda name, text: None, output=lambda name, line: None)
    await Stack(settings, idle, lambda name, text: None).start()
    return {name: process.part.env for name, process in idle.processes.items()}


async def test_l1_a_real_models_key_is_the_workers_alone_and_the_api_knows_that_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-somebody")
    monkeypatch.setenv("PGPORT", "5433")
    settings = {"openai_api_key": "a-key-of-somebody", "database_url": None, "data_dir": tmp_path}
    parts = await started(Settings.model_validate(settings))
    assert {name for name, env in parts.items() if "a-key-of-somebody" in env.values()} == {"worker"}
    assert Settings.model_validate({"openai_base_url": parts["api"]["OPENAI_BASE_URL"]}).models is not None
    # It would lead the clients of the embedded database to a socket that is not there.
    assert not any("PGPORT" in env for env in parts.values())


async def test_l6_prefect_has_a_role_and_a_database_of_its_own(tmp_path: Path) -> None:
    parts = await started(Settings.model_validate({"database_url": None, "data_dir": tmp_path}))
    assert "prefect@/prefect?host=" in parts["prefect"]["PREFECT_API_DATABASE_CONNECTION_URL"]
    assert "DATABASE_URL" not in parts["prefect"]
    assert parts["worker"]["DATABASE_URL"] == "postgresql://stepglass@/stepglass?host=/run/sockets"


async def test_a_database_that_was_named_is_prefects_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://us@db.test/ours")
    monkeypatch.setenv("PGPASSWORD", "theirs")
    parts = await started(Settings.model_validate({"data_dir": tmp_path}))
    assert "postgres" not in parts
    assert parts["prefect"]["PREFECT_API_DATABASE_CONNECTION_URL"] == "postgresql+asyncpg://us@db.test/ours"
    assert {name for name, env in parts.items() if "PGPASSWORD" in env} == {"prefect", "api", "worker", "deployments"}
