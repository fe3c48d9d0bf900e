"""The npm package as others get it: packed, put into an app of its own, and used as README.md says."""

import asyncio
import json
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest

from api.run_tokens import ALGORITHM, AUDIENCE, ISSUER
from events.store import Store, open_store
from tests.api.conftest import running, settings_with
from tests.api.writing import accept, hold, rest_of
from tests.histories import simple_story

ROOT = Path(__file__).parent.parent
WEB = ROOT / "web"
SECTION = "## Put the modal into your own React app\n"
MANIFEST: dict[str, Any] = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
# What an app has besides: React, its types, and what these depend on.
BESIDES = ["react", "react-dom", "scheduler", "@types/react", "@types/react-dom", "csstype"]
STRICT: dict[str, object] = {
    "strict": True,
    "exactOptionalPropertyTypes": True,
    "noEmit": True,
    "jsx": "react-jsx",
    "types": [],
}
BUNDLE = """export default { logLevel: "error", build: { outDir: "made", lib:
  { entry: "vision.tsx", formats: ["es"], fileName: "vision", cssFileName: "vision" } } };"""
# Somebody's page, whose first token runs out, and whose server has the tenant's.
READER = """
import { createHttp, createRunStore, makeRunToken } from "@stepglass/web/core";
const [baseUrl, runId, tenants, first] = process.argv.slice(1);
const server = createHttp({ baseUrl, token: tenants });
let asked = 0;
const token = async () => {
  asked += 1;
  const given = asked === 1 ? first : (await makeRunToken(server, runId)).token;
  console.log("token", asked);
  return given;
};
const run = createRunStore({ baseUrl, runId, token });
const leave = run.subscribe(() => {
  const { view, connection } = run.getSnapshot();
  if (connection.status !== "finished" && connection.status !== "failed") return;
  console.log(connection.status, view.status, view.lastSeq);
  leave();
});
"""
CORE = 'import { createRunStore } from "@stepglass/web/core"; console.log(typeof createRunStore);'

SECRET = "a secret of more than thirty-two characters"

pytestmark = pytest.mark.timeout(120)


def from_readme() -> str:
    _, _, section = (ROOT / "README.md").read_text(encoding="utf-8").partition(SECTION)
    found = re.search(r"^```tsx\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no ```tsx under {SECTION!r}"
    return found[1]


def run(command: Sequence[str], where: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def node() -> str:
    which = "import sys; sys.path.insert(0, 'scripts'); import _node; print(_node.node())"
    return run([sys.executable, "-c", which]).strip()


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that `npm pack` makes."""
    folder = tmp_path_factory.mktemp("packed")
    run([sys.executable, "scripts/npm.py", "pack", "--pack-destination", str(folder)])
    [path] = folder.glob("*.tgz")
    return path


@pytest.fixture
def app(packed: Path, tmp_path: Path) -> Path:
    """An app's folder with the package in it, as `npm install` of that file makes it, but without the network."""
    modules = tmp_path / "node_modules"
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    (modules / "@stepglass").mkdir(parents=True)
    (tmp_path / "package").rename(modules / "@stepglass" / "web")
    link(modules, MANIFEST["dependencies"])
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


@pytest.fixture
def react_app(app: Path) -> Path:
    link(app / "node_modules", BESIDES)
    (app / "vision.tsx").write_text(from_readme(), encoding="utf-8")
    return app


def link(modules: Path, names: Iterable[str]) -> None:
    for name in names:
        (modules / name).parent.mkdir(exist_ok=True)
        (modules / name).symlink_to(WEB / "node_modules" / name)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with open_store("memory://") as opened:
        yield opened


def complaints(node: str, app: Path, **options: object) -> str:
    """What TypeScript says of the app."""
    config: dict[str, object] = {"compilerOptions": {"target": "es2023", **STRICT, **options}, "files": ["vision.tsx"]}
    (app / "tsconfig.json").write_text(json.dumps(config))
    tsc = [node, str(WEB / "node_modules" / "typescript" / "bin" / "tsc")]
    return subprocess.run(tsc, cwd=app, capture_output=True, text=True).stdout


def test_the_modal_in_ones_own_app_takes_ten_lines() -> None:
    assert len([line for line in from_readme().splitlines() if line.strip()]) == 10


@pytest.mark.parametrize(("module", "resolution"), [("esnext", "bundler"), ("nodenext", "nodenext")])
def test_these_lines_compile_against_the_package(node: str, react_app: Path, module: str, resolution: str) -> None:
    assert complaints(node, react_app, module=module, moduleResolution=resolution) == ""


def test_wrong_lines_would_not(node: str, react_app: Path) -> None:
    (react_app / "vision.tsx").write_text(from_readme().replace("onClose: reset", "onClose: problem"))
    assert "onClose" in complaints(node, react_app, module="esnext", moduleResolution="bundler")


def test_these_lines_become_an_app_with_its_style(node: str, react_app: Path) -> None:
    (react_app / "vite.config.js").write_text(BUNDLE)
    run([node, str(WEB / "node_modules" / "vite" / "bin" / "vite.js"), "build"], react_app)
    assert (react_app / "made" / "vision.js").exists()
    style = (react_app / "made" / "vision.css").read_text()
    # The bundler rewrites light-dark(), and its colours are none at all where nothing says which of the two it is.
    assert re.search(r"--lightningcss-light:\s*initial", style) and "var(--lightningcss-light," in style


def test_what_the_package_exports_is_in_it_and_no_sources_or_tests(app: Path) -> None:
    folder = app / "node_modules" / "@stepglass" / "web"
    exports: dict[str, str | dict[str, str]] = MANIFEST["exports"]
    named = [path for each in exports.values() for path in ([each] if isinstance(each, str) else each.values())]
    assert [path for path in named if not (folder / path).is_file()] == []
    assert [path for path in folder.rglob("*.ts*") if not path.name.endswith(".d.ts")] == []


def test_the_package_leaves_react_to_the_app(app: Path) -> None:
    code = "".join(path.read_text() for path in (app / "node_modules" / "@stepglass" / "web" / "dist").rglob("*.js"))
    assert 'from "react"' in code and "CLIENT_INTERNALS" not in code


def test_the_core_runs_without_a_browser_and_without_react(node: str, app: Path) -> None:
    assert run([node, "--input-type=module", "--eval", CORE], app) == "function\n"


async def test_the_core_reads_a_run_with_tokens_for_it_alone_and_fetches_a_fresh_one_when_one_runs_out(
    node: str, app: Path, store: Store
) -> None:
    run_id = await accept(store, tenant="acme")
    writer, story = await hold(store, run_id), rest_of(simple_story())
    settings = settings_with(api_tokens="acme:the-token-of-acme", token_secret=SECRET)
    async with running(settings, store) as api:
        command = [node, "--input-type=module", "--eval", READER]
        given = [api.url, str(run_id), "the-token-of-acme", running_out(run_id)]
        reader = await asyncio.create_subprocess_exec(*command, *given, cwd=app, stdout=asyncio.subprocess.PIPE)
        assert reader.stdout is not None
        assert await reader.stdout.readline() == b"token 1\n"
        await writer.write(story[:2])
        # The stream has ended with the token that opened it.
        assert await reader.stdout.readline() == b"token 2\n"
        await writer.write(story[2:])
        rest, _ = await reader.communicate()

    assert (rest.decode(), reader.returncode) == (f"finished complete {1 + len(story)}\n", 0)


def running_out(run_id: UUID) -> str:
    """A token that reads the run for some two seconds more."""
    now = int(time.time())
    claims: dict[str, object] = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(run_id), "tenant": "acme", "iat": now}
    return jwt.encode({**claims, "exp": now + 2}, SECRET, ALGORITHM)
