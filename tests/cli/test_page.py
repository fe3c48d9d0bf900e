"""The page while it is made: Vite's server as a part of the stack, and what is said of a page that is not built."""

import io
import socket
from pathlib import Path

import httpx2
import pytest

from cli import _page
from cli._ports import Port, any_free, complaint
from cli._screen import Screen
from cli.up import welcome
from settings import Settings
from tests.cli.processes import Heard, supervising
from tests.e2e.stack import until


@pytest.mark.timeout(120)
async def test_the_page_is_served_from_its_sources_and_asks_the_api() -> None:
    port, api = _page.choose(), any_free()
    heard = Heard()
    async with supervising(heard) as supervisor, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await supervisor.start(_page.part(port, Settings(port=api))).until_ready()
        assert "/@vite/client" in (await client.get("/runs")).text
        # Nobody is there to be asked, which is Vite's to say and not the page's.
        assert (await client.get("/api/health")).is_server_error
        await until(lambda: any(f"127.0.0.1:{api}" in line for line in heard.lines), "Vite says whom it asked")
        await supervisor.stop()
    # Vite is not our child but npm's, and gone with its group.
    await until(lambda: complaint(Port("127.0.0.1", port, "")) is None, "the port is free")


def test_the_port_stays_the_same_unless_somebody_has_it() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", _page.PORT))
        except OSError:
            pass  # Somebody else has it, which will do.
        other.listen()
        assert _page.choose() != _page.PORT


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html>")
    return folder


def said(tmp_path: Path, page: Path, sources: str | None = None) -> list[str]:
    out = io.StringIO()
    screen = Screen(tmp_path, file=out)
    welcome(screen, Settings(port=8123, web_dir=page), 2.5, sources)
    screen.close()
    return out.getvalue().splitlines()


def test_the_last_line_is_the_address_to_open(tmp_path: Path, page: Path) -> None:
    assert said(tmp_path, page)[-1] == "Open  http://127.0.0.1:8123"
    assert said(tmp_path, page, "http://127.0.0.1:5173")[-2:] == [
        "The page as it was built is at http://127.0.0.1:8123.",
        "Open  http://127.0.0.1:5173",
    ]


def test_a_page_that_is_not_built_is_said(tmp_path: Path, page: Path) -> None:
    assert not any("not built" in line for line in said(tmp_path, page))
    (page / "index.html").unlink()
    assert any("not built" in line and "make install" in line for line in said(tmp_path, page))
