"""Somebody before the page: what they do there, and what must never happen to them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import ConsoleMessage, Dialog, Locator, Page, Request, expect

from tests.browser.site import Site
from tests.e2e.stack import ROOT

OUTPUT = ROOT / "tests" / "test-output" / "browser"

STEPS = (
    "Generate brief",
    "Generate framework",
    "Validate structure",
    "Create one-pager",
    "Run QA checks",
    "Score sections",
)
SECTIONS = ("Vision", "Strategy", "Operating principles", "Near-term bets", "Metrics", "Tensions")


@dataclass
class Viewer:
    """One tab. `watch` it from its beginning."""

    page: Page
    site: Site
    folder: Path
    mishaps: list[str] = field(default_factory=list[str])
    """Whatever no page of ours may do: an error or a warning in the console, a dialog, a request to elsewhere."""
    excused: list[str] = field(default_factory=list[str])
    """Patterns of mishaps that this story brings about by itself."""

    def watch(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.mishaps.append(f"uncaught: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)

    def excuse(self, pattern: str) -> None:
        self.excused.append(pattern)

    @property
    def unexcused(self) -> list[str]:
        return [said for said in self.mishaps if not any(re.search(each, said) for each in self.excused)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.mishaps.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    async def _dialog(self, dialog: Dialog) -> None:
        self.mishaps.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site.url}/", "blob:")):
            self.mishaps.append(f"request to {request.url}")

    async def shot(self, name: str) -> None:
        """A picture for who wants to see how it looked."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=self.folder / f"{name}.png", animations="disabled")

    # What there is to see.

    @property
    def modal(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def steps(self) -> Locator:
        return self.modal.get_by_role("list", name="Steps").get_by_role("listitem")

    def step(self, label: str) -> Locator:
        return self.steps.nth(STEPS.index(label))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("tab", name=name, exact=True)

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("tabpanel")

    def text_of(self, label: str) -> Locator:
        """What a step has written, in the modal."""
        return self.modal.get_by_label(f"Text of “{label}”")

    @property
    def run_id(self) -> str:
        return self.page.url.split("?")[0].rpartition("/")[2]

    # What there is to do.

    async def goes_to(self, path: str) -> None:
        await self.page.goto(f"{self.site.url}{path}")

    async def loads_example(self) -> str:
        """Gives the company's name."""
        await self.button("Load example").click()
        item = self.page.get_by_role("menuitem").first
        await item.click()
        company = self.page.get_by_label("Company name")
        await expect(company).not_to_be_empty()
        return await company.input_value()

    async def generates(self) -> str:
        """From an empty wizard to a run that is under way; gives the company's name."""
        await self.goes_to("/new")
        company = await self.loads_example()
        await self.page.keyboard.press("Control+Enter")
        await expect(self.modal).to_be_visible()
        await expect(self.page).to_have_url(re.compile("/runs/"))
        return company

    async def sees_text_of(self, label: str) -> Locator:
        """Chooses a step in the modal; gives its text."""
        await self.step(label).get_by_role("button").click()
        return self.text_of(label)
