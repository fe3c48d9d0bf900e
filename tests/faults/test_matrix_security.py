"""What must not be there at all: pickle, a Prefect server for all, an input in Prefect, an address in a request."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from cli._prefect import server_env
from events.store import open_store
from flows import _prefect_env
from tests.api.conftest import in_process, settings_with

ROOT = Path(__file__).parents[2]
ROOMS = ("events", "llm", "steps", "flows", "api", "observe", "cli")
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))] + sorted(ROOT.glob("*.py"))
RUNS_CODE = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib"}
"""Reading what these wrote runs whatever code is in it."""


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_ours_reads_what_could_run(path: Path) -> None:
    assert not imported(path) & RUNS_CODE


def test_prefect_keeps_results_as_json() -> None:
    assert _prefect_env.CLIENT["PREFECT_RESULTS_DEFAULT_SERIALIZER"] == "json"


def test_prefect_s_server_listens_on_this_machine_alone() -> None:
    env = server_env("postgresql:///stepglass?host=/run/sockets", Path("/data"), 4200, "user:password")
    assert env["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert env["PREFECT_API_URL"].startswith("http://127.0.0.1:")


def test_the_worker_s_flow_is_given_the_run_s_id_and_nothing_else() -> None:
    from flows import _projection

    source = ast.parse(Path(str(_projection.__file__)).read_text(encoding="utf-8"))
    (shown,) = [node for node in ast.walk(source) if isinstance(node, ast.AsyncFunctionDef) and node.name == "_show"]
    assert [argument.arg for argument in shown.args.args] == ["run_id"]


async def test_no_request_can_name_where_a_model_is() -> None:
    """Addresses and keys of servers are the operator's to set: a field for one in a body would be a way to any host."""
    async with open_store("memory://") as store, in_process(create_app(settings_with(), store)) as client:
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
    bodies: list[Any] = [
        operation["requestBody"]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "requestBody" in operation
    ]
    assert bodies
    names = json.dumps(bodies).lower()
    assert not [word for word in ("base_url", "endpoint", "api_key", "webhook", "callback", '"host"') if word in names]
