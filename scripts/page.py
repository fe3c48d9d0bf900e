"""Builds the page into web/dist/app, and does nothing at all when what it is made of has not changed.

An old page stays until the new one is complete, and an open tab keeps the files that it was made of. With `--optional`
a page that cannot be built is said, and no error: everything else runs without it.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypedDict

from _alone import alone
from _install import say
from _modules import last_words, node_modules
from _node import WEB, environment, node_version, npm

DIST = WEB / "dist"
PAGE = DIST / "app"
STAMP = ".built"
# What is in web/ and changes nothing of the page.
APART = {"node_modules", "dist", "tests", "scripts", "README.md", "biome.json", "vite.lib.config.ts"}
# What is worth being compressed once for all who ask. Transcripts are for developers.
PACKED = {".html", ".js", ".css", ".svg"}


class Stamp(TypedDict):
    """What a build says of itself: what it was made of, and the files that it is."""

    key: str
    files: list[str]


def main(*, optional: bool) -> None:
    try:
        with alone(DIST / ".building"):
            make()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except SystemExit as failed:
        old = (PAGE / "index.html").exists()
        rest = "The page stays as it was built before." if old else "Everything else works; / leads to /docs."
        say(f"The page could not be built. {str(failed.code).strip()}\n{rest} `make install` tries again.\n")
        if not optional:
            raise SystemExit(1) from None


def make() -> None:
    key = fingerprint(WEB)
    if built(PAGE)["key"] == key and (PAGE / "index.html").exists():
        return
    started = time.monotonic()
    node_modules()
    say("Building the page …")
    for rest in DIST.glob(".new-*"):
        shutil.rmtree(rest)  # Of a build that was cut off.
    with tempfile.TemporaryDirectory(prefix=".new-", dir=DIST) as folder:
        build(Path(folder))
        pack(Path(folder))
        publish(Path(folder), PAGE, key)
    say(f"Built the page in {time.monotonic() - started:.0f} s.\n")


def fingerprint(web: Path) -> str:
    """Changes with what is in the sources, the lock, the settings of the build, the Node.js and this file."""
    found = hashlib.sha256(Path(__file__).read_bytes() + node_version().encode())
    tops = sorted(path for path in web.iterdir() if path.name not in APART and path.suffix != ".tgz")
    for path in (path for top in tops for path in ([top] if top.is_file() else sorted(top.rglob("*")))):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"\0{path.relative_to(web)}\0{content}".encode())
    return found.hexdigest()


def build(folder: Path) -> None:
    command = [npm(), "run", "build", "--", "--outDir", str(folder), "--emptyOutDir"]
    done = subprocess.run(command, cwd=WEB, env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"`npm run build` in web/ says:\n{last_words(done)}")


def pack(folder: Path) -> None:
    """Beside each file its compressed twin, which the API gives to those who take it."""
    for path in [path for path in folder.rglob("*") if path.suffix in PACKED]:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def publish(new: Path, page: Path, key: str) -> None:
    """Make `new` the page. Whoever looks meanwhile sees the old one or the new one, complete.

    Files are named by what is in them, so that both stand side by side until index.html is another.
    """
    files = sorted(str(path.relative_to(new)) for path in new.rglob("*") if path.is_file())
    before = built(page)["files"]
    for name in sorted(files, key=lambda name: name.startswith("index.html")):
        (page / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(new / name, page / name)
    for path in [path for path in page.rglob("*") if path.is_file()]:
        if str(path.relative_to(page)) not in {*files, *before}:
            path.unlink()
    stamp = new / STAMP
    stamp.write_text(json.dumps(Stamp(key=key, files=files)), encoding="utf-8")
    os.replace(stamp, page / STAMP)


def built(page: Path) -> Stamp:
    try:
        return json.loads((page / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Stamp(key="", files=[])


if __name__ == "__main__":
    main(optional="--optional" in sys.argv[1:])
