"""Many runs from a file: what somebody sees who starts them, watches them, and does the failures again."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, expect

from steps.vision_framework.examples import EXAMPLES
from tests.browser.conftest import OpenViewer
from tests.browser.site import Site
from tests.browser.test_people import SIZES, Tour
from tests.browser.viewer import Viewer
from tests.e2e.stack import ROOT

# Its founder insists on what the demo model gets wrong.
STUBBORN = json.loads((ROOT / "docs" / "examples" / "orchard.json").read_text())
BRIEFS = [each.model_dump(mode="json") for each in EXAMPLES.values()][:2]
LINES = [json.dumps({"key": brief["company_id"], "input": brief}) for brief in (*BRIEFS, STUBBORN)]
BROKEN = [*LINES, "", '{"key": "cut off', json.dumps({**STUBBORN, "hard_decisions": " "})]
ITEMS = len(LINES)


def file(name: str, lines: list[str]) -> Any:
    return {"name": name, "mimeType": "application/x-ndjson", "buffer": "\n".join(lines).encode()}


async def chooses(one: Viewer, name: str, lines: list[str]) -> None:
    await one.page.get_by_label("JSONL file").set_input_files(file(name, lines))


def standing(one: Viewer, name: str) -> Locator:
    """How many items are said to be so."""
    return one.page.locator("dl > div").filter(has=one.page.get_by_text(name, exact=True)).get_by_role("definition")


async def test_a_file_becomes_runs_and_what_failed_of_them_is_done_again(
    demo: Site, viewer: OpenViewer, tmp_path: Path
):
    one = await viewer(demo, reduced_motion="reduce")
    page, tour = one.page, Tour(one)
    await one.goes_to("/batches")
    await expect(one.button("Try it with a sample").or_(page.get_by_role("table"))).to_be_visible()
    await tour.look("batches")
    await chooses(one, "companies.jsonl", BROKEN)
    await expect(page.get_by_text("2 lines need a change")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="This is no JSON.")).to_contain_text("5")
    await expect(page.get_by_role("row").filter(has_text="hard_decisions: It is empty.")).to_contain_text("6")
    await expect(one.button("Start 5 runs")).to_be_disabled()
    await tour.look("batch-refused")

    await chooses(one, "companies.jsonl", LINES)
    await expect(page.get_by_label("Name")).to_have_value("companies")
    await one.button(f"Start {ITEMS} runs").click()
    await expect(page).to_have_url(re.compile(r"/batches/[\w-]{36}$"))
    batch = one.run_id
    await expect(page.get_by_role("heading", level=1, name="companies")).to_be_visible()
    await expect(page.get_by_role("region", name="Under way").get_by_role("link").first).to_be_visible()
    await tour.look("batch-live")

    await expect(page.get_by_role("heading", name="1 item failed")).to_be_visible(timeout=60_000)
    await expect(standing(one, "Complete")).to_have_text(str(ITEMS - 1))
    row = page.get_by_role("row").nth(1)
    await expect(row).to_contain_text(STUBBORN["company_id"])
    await expect(row).to_contain_text("The framework breaks its bounds")
    await tour.look("batch-ended")
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download results").click()
    await (await downloading.value).save_as(tmp_path / "results.jsonl")
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert sorted(each["status"] for each in results) == ["complete"] * (ITEMS - 1) + ["error"]

    # A batch is a run, whose page is this one; and an item's run knows where it belongs.
    await one.goes_to(f"/runs/{batch}")
    await expect(page).to_have_url(f"{demo.url}/batches/{batch}")
    await page.get_by_role("link", name=BRIEFS[0]["company_id"]).click()
    await expect(page.get_by_role("heading", level=1, name=BRIEFS[0]["company_name"])).to_be_visible()
    await page.get_by_text("Part of a batch:").get_by_role("link").click()

    await one.button("Retry failures").click()
    await expect(page.get_by_text("Does again what was left of an earlier batch")).to_be_visible()
    assert one.run_id != batch
    await expect(standing(one, "Complete")).to_contain_text(f"{ITEMS - 1} skipped")
    await expect(page.get_by_role("heading", name="1 item failed")).to_be_visible(timeout=60_000)
    phone = await viewer(demo, color_scheme="dark", reduced_motion="reduce", **SIZES["phone"])
    small = Tour(phone)
    await phone.goes_to(f"/batches/{batch}")
    await expect(phone.page.get_by_text("Done again in:")).to_be_visible()
    await expect(phone.page.get_by_role("row").nth(ITEMS - 1)).to_be_visible()
    await small.look("batch-phone")
    await phone.page.get_by_role("link", name="Batches").click()
    await expect(phone.page.get_by_role("row").filter(has_text="1 failed")).to_have_count(2)
    await small.look("batches-phone")
    assert not (tour.wrong + small.wrong), f"{tour.report}\n{small.report}"
