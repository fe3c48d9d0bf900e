"""The same in Debian's Firefox, in short: from the wizard to the result."""

from pathlib import Path

from scripts.programs import program
from tests.browser.bidi import firefox
from tests.browser.site import Site
from tests.browser.viewer import OUTPUT, SECTIONS, STEPS
from tests.e2e.stack import until


async def test_from_the_wizard_to_the_result_in_firefox(demo: Site, tmp_path: Path):
    async with firefox(program("firefox"), tmp_path) as tab:
        await tab.goes_to(f"{demo.url}/new")
        await tab.clicks("Load example")
        await tab.clicks("Wardlight Rota")
        await until(lambda: tab.value("document.querySelector('input').value.length > 0"), "the example is loaded")
        await tab.presses("Control", "Enter")
        await until(lambda: tab.value("document.querySelector('dialog')?.open"), "the modal is there")
        for label in STEPS:
            await tab.sees(label)
        modal = await tab.shot()
        await tab.sees("Your result is ready")
        await until(lambda: tab.value("!document.querySelector('dialog')"), "the modal has closed by itself")
        for name in SECTIONS:
            await tab.sees(name)
        run_id = (await tab.value("location.pathname")).removeprefix("/runs/")
        framework = (await demo.get(f"/api/runs/{run_id}"))["result"]["framework"]
        assert framework["vision"] in await tab.value("document.querySelector('[role=tabpanel]').innerText")
        result = await tab.shot()
        assert tab.complaints == []
    keep(OUTPUT / "firefox", modal=modal, result=result)


def keep(folder: Path, **pictures: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, png in pictures.items():
        (folder / f"{name}.png").write_bytes(png)
