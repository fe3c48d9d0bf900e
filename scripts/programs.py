"""The programs that the tests drive, browsers and a proxy: where they are, and how they are installed.

`python scripts/programs.py` installs those that are missing with apt, where that is possible, and else says what to do.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

NAMES: Mapping[str, Sequence[str]] = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "firefox": ("firefox-esr", "firefox"),
    "nginx": ("nginx",),
}
"""The commands of each program, the preferred one first."""
PLACES: Mapping[str, Sequence[str]] = {
    "chromium": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    "firefox": ("/Applications/Firefox.app/Contents/MacOS/firefox",),
}
"""Where a program is on systems that have no command for it."""
PACKAGES: Mapping[str, str] = {"chromium": "chromium", "firefox": "firefox-esr", "nginx": "nginx-light"}


def program(name: str) -> str:
    """The path of `chromium`, `firefox` or `nginx`. Raises SystemExit with what to do where there is none."""
    if found := where(name):
        return found
    raise SystemExit(missing([name]))


def where(name: str) -> str | None:
    """A variable such as `STEPGLASS_CHROMIUM` names one that we would not find."""
    if named := os.environ.get(f"STEPGLASS_{name.upper()}"):
        return named
    commands = (shutil.which(command) for command in NAMES[name])
    return next((found for found in commands if found), None) or next(
        (place for place in PLACES.get(name, ()) if Path(place).exists()), None
    )


def missing(names: Sequence[str]) -> str:
    packages = " ".join(PACKAGES[name] for name in names)
    variables = " and ".join(f"STEPGLASS_{name.upper()}" for name in names)
    return (
        f"The tests need {' and '.join(names)}, found neither under the names "
        f"{', '.join(command for name in names for command in NAMES[name])} nor in {variables}.\n"
        f"On Debian: apt install {packages}. Elsewhere install {' and '.join(names)}, or set {variables}."
    )


def install(names: Sequence[str]) -> None:
    """With apt, as root. Raises SystemExit with what to do where there is neither, or where it fails."""
    if not (shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0):
        raise SystemExit(missing(names))
    packages = [PACKAGES[name] for name in names]
    sys.stdout.write(f"Installing {' and '.join(packages)} with apt …\n")
    sys.stdout.flush()
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        # A machine that never looked for packages knows none.
        subprocess.run(["apt-get", "update"], env=env, capture_output=True)
        done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{missing(names)}\napt could not install them:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")


if __name__ == "__main__":
    if absent := [name for name in NAMES if where(name) is None]:
        install(absent)
