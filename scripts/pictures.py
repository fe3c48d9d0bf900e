"""Takes the README's pictures of the modal: docs/images/modal-light.png and modal-dark.png.

From the real page with the demo model, in Chromium without a window. Start `make run`, then in another terminal:

    .venv/bin/python scripts/pictures.py            # or with the URL that `make run` said

Each picture is a run of its own: the wizard's first example, Generate, and the moment when the one-pager is half
written.
"""

import sys
from typing import Literal, get_args

from _files import ROOT
from browsers import browser
from playwright.sync_api import Browser, ViewportSize, sync_playwright

IMAGES = ROOT / "docs" / "images"
Scheme = Literal["light", "dark"]
SIZE = ViewportSize(width=1000, height=660)
# Pixels per CSS pixel: sharp on a good screen, and still below LARGEST.
SCALE = 1.4
LARGEST = 200_000
# Characters of the one-pager that are there when the picture is taken, and ms to wait for them.
WRITTEN, PATIENCE = 600, 60_000
# Without calls home, for machines without the internet.
FLAGS = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")


def main(url: str) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser("chromium"), args=FLAGS, chromium_sandbox=False)
        for scheme in get_args(Scheme):
            picture = take(chromium, url, scheme)
            if len(picture) > LARGEST:
                raise SystemExit(f"The {scheme} picture has {len(picture)} bytes, more than {LARGEST}: lower SCALE.")
            path = IMAGES / f"modal-{scheme}.png"
            path.write_bytes(picture)
            sys.stdout.write(f"Wrote {path.relative_to(ROOT)}, {len(picture) / 1000:.0f} kB\n")
        chromium.close()


def take(chromium: Browser, url: str, scheme: Scheme) -> bytes:
    """A PNG of the modal over the page, in mid-run."""
    context = chromium.new_context(viewport=SIZE, device_scale_factor=SCALE, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{url}/new")
    page.get_by_role("button", name="Load example").click()
    page.get_by_role("menuitem").first.click()
    page.keyboard.press("Control+Enter")
    page.mouse.move(0, 0)
    text = page.get_by_role("dialog").get_by_label("Text of “Create one-pager”")
    text.wait_for(timeout=PATIENCE)
    page.wait_for_function(
        "([text, many]) => text.innerText.length > many", arg=[text.element_handle(), WRITTEN], timeout=PATIENCE
    )
    picture = page.screenshot(animations="disabled")
    context.close()
    return picture


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
