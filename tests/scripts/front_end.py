"""A front end of three files in a folder of its own, with a Node.js and an npm that do what the test says."""

import os
import shutil
import sys
from asyncio import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NODE = "#!/bin/sh\necho {version}\n"
# `npm run build -- --outDir FOLDER …`: one script named by what is in it, and a page that names it. It counts how often
# it is asked, waits while there is a file `wait`, and fails on a source that says so.
NPM = """#!{python}
import hashlib, os, pathlib, sys, time
pathlib.Path("../asked").open("a").write(" ".join(sys.argv[1:3]) + "\\n")
while pathlib.Path("../wait").exists():
    pathlib.Path("../waiting").touch()
    time.sleep(0.01)
source = pathlib.Path("src/main.ts").read_text()
if source == "wrong":
    sys.exit("main.ts:1:1: this is wrong")
folder = pathlib.Path(sys.argv[sys.argv.index("--outDir") + 1])
name = "index-" + hashlib.sha256(source.encode()).hexdigest()[:8] + ".js"
(folder / "assets").mkdir(parents=True)
(folder / "assets" / name).write_text(source)
(folder / "index.html").write_text("<script src=/assets/" + name + ">")
"""


@dataclass
class FrontEnd:
    root: Path

    @property
    def source(self) -> Path:
        return self.root / "web" / "src" / "main.ts"

    @property
    def page(self) -> Path:
        return self.root / "web" / "dist" / "app"

    @property
    def shown(self) -> str:
        """The script that the page names, which must be there."""
        name = (self.page / "index.html").read_text().partition("src=/")[2].rstrip(">")
        return (self.page / name).read_text()

    @property
    def assets(self) -> list[str]:
        return sorted(path.read_text() for path in (self.page / "assets").glob("*.js"))

    @property
    def asked(self) -> list[str]:
        """What npm was asked for, so far."""
        return (self.root / "asked").read_text().splitlines() if (self.root / "asked").exists() else []

    def has_node(self, version: str) -> None:
        self.program("node", NODE.format(version=version))

    def program(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    async def start(self, *command: str, **env: str) -> subprocess.Process:
        path = f"{self.root / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return await subprocess.create_subprocess_exec(
            *(sys.executable, *command),
            cwd=self.root,
            env={"PATH": path, "HOME": str(self.root), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    async def run(self, *command: str, **env: str) -> tuple[int | None, str]:
        """Exit code and all that was printed."""
        process = await self.start(*command, **env)
        said, _ = await process.communicate()
        return process.returncode, said.decode()

    async def build(self, *options: str) -> tuple[int | None, str]:
        return await self.run("scripts/page.py", *options)


def make(root: Path) -> FrontEnd:
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements-node.lock", root)
    (root / "web" / "src").mkdir(parents=True)
    (root / "web" / "package-lock.json").write_text('{"packages": {"": {}}}')
    front_end = FrontEnd(root)
    front_end.source.write_text("one")
    front_end.has_node("v24.0.0")
    front_end.program("npm", NPM.format(python=sys.executable))
    return front_end
