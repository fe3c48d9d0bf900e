"""The page for people: which files, to whom, for how long, and under which policy."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from api.app import create_app
from api.operations import OPERATIONS
from events.store import Store
from settings import Settings
from tests.api.conftest import in_process, problem, settings_with

INDEX = '<!doctype html><script type="module" src="/assets/index-Ab3dE.js"></script>'
ICON = b"\0\0\1\0"
SCRIPT = "console.log('glass');" * 50
SECRET = "not for everybody"
RUN = "01938f3a-7c4e-7d2a-9b1f-3e5a6c7d8e9f"
ADDRESSES = ["/", "/new", "/runs", f"/runs/{RUN}", "/batches", f"/batches/{RUN}", "/stats"]
# As Firefox and Chromium send it, and as Safari does.
BROWSERS = [
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
]
NOWHERE = ["/other", "/new/", "/runs/a/b", "/problems/none", "/assets/nothing.js", "/apiary"]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page as Vite builds it, and something beside it."""
    page = tmp_path / "app"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text(INDEX)
    (page / "favicon.ico").write_bytes(ICON)
    (page / "assets" / "index-Ab3dE.js").write_text(SCRIPT)
    (page / "assets" / "index-Ab3dE.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (page / "assets" / "index-Ab3dE.css").write_text("body {}")
    (page / "assets" / "good-Xy.jsonl").write_text("{}\n")
    (page / "assets" / "inner").mkdir()
    (tmp_path / "secret.txt").write_text(SECRET)
    (page / "assets" / "way-out.txt").symlink_to(tmp_path / "secret.txt")
    return page


@pytest.fixture
async def client(built: Path, store: Store) -> AsyncIterator[AsyncClient]:
    app = create_app(settings_with(web_dir=built), store)
    async with in_process(app, headers={"Accept-Encoding": "identity"}) as opened:
        yield opened


@pytest.mark.parametrize("path", ADDRESSES)
async def test_the_page_is_at_each_of_its_addresses(client: AsyncClient, path: str):
    response = await client.get(path)

    assert (response.status_code, response.text) == (200, INDEX)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/assets/index-Ab3dE.js"])
async def test_nothing_inline_and_nothing_from_elsewhere_may_run(client: AsyncClient, path: str):
    response = await client.get(path)

    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("index-Ab3dE.js", "text/javascript; charset=utf-8"),
        ("index-Ab3dE.css", "text/css; charset=utf-8"),
        ("good-Xy.jsonl", "application/x-ndjson"),
    ],
)
async def test_an_asset_has_its_type_and_may_be_kept_for_ever(client: AsyncClient, name: str, media_type: str):
    response = await client.get(f"/assets/{name}")

    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_an_asset_comes_compressed_to_who_takes_it_so(client: AsyncClient):
    response = await client.get("/assets/index-Ab3dE.js", headers={"Accept-Encoding": "br;q=1.0, gzip;q=0.8"})
    plain = await client.get("/assets/index-Ab3dE.js", headers={"Accept-Encoding": "gzip;q=0"})

    assert response.headers["content-encoding"] == "gzip"
    assert response.text == plain.text == SCRIPT
    assert "content-encoding" not in plain.headers
    assert int(response.headers["content-length"]) < int(plain.headers["content-length"]) == len(SCRIPT)
    assert response.headers["content-type"] == plain.headers["content-type"]
    assert response.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert response.headers["etag"] != plain.headers["etag"]


async def test_what_was_not_compressed_when_it_was_built_comes_as_it_is(client: AsyncClient):
    response = await client.get("/assets/index-Ab3dE.css", headers={"Accept-Encoding": "gzip"})

    assert (response.text, response.headers.get("content-encoding")) == ("body {}", None)


async def test_who_has_the_page_already_is_told_so_until_it_is_built_anew(client: AsyncClient, built: Path):
    etag = (await client.get("/")).headers["etag"]
    again = await client.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "no-cache")

    await asyncio.to_thread((built / "index.html").write_text, INDEX + "<!-- new -->")
    os.utime(built / "index.html", (2_000_000_000, 2_000_000_000))
    anew = await client.get("/", headers={"If-None-Match": etag})
    assert (anew.status_code, anew.text) == (200, INDEX + "<!-- new -->")


async def test_a_page_that_is_built_later_needs_no_new_start(client: AsyncClient, built: Path):
    await asyncio.to_thread((built / "index.html").rename, built / "later.html")
    response = await client.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/docs")

    await asyncio.to_thread((built / "later.html").rename, built / "index.html")
    assert (await client.get("/")).text == INDEX


@pytest.mark.parametrize("path", ADDRESSES)
async def test_without_a_page_its_addresses_lead_to_the_documentation(store: Store, path: str):
    async with in_process(create_app(settings_with(), store)) as client:
        response = await client.get(path)

        assert (response.status_code, response.headers["location"]) == (307, "/docs")


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "inner",
        "way-out.txt",
        "..%2f..%2fsecret.txt",
        "..%5c..%5csecret.txt",
        "%2e%2e",
        "%00",
        "x" * 300,
        "index.html",
    ],
)
async def test_only_what_was_built_is_there(client: AsyncClient, name: str):
    response = await client.get(f"/assets/{name}")

    assert problem(response) == (404, "not-found")
    assert SECRET not in response.text
    assert response.headers["cache-control"] == "no-store"


async def test_the_page_stands_in_front_of_nothing(client: AsyncClient):
    assert (await client.get("/docs")).text.startswith("<!doctype html>\n")
    assert (await client.get("/openapi.json")).json()["openapi"] == "3.1.0"
    assert (await client.get("/api/runs")).json()["runs"] == []
    assert problem(await client.get("/api/runs/new")) == (404, "unknown-run")
    for nowhere in ["/api", "/api/new", "/new/", "/other", "/runs/a/b", "/assets/"]:
        assert problem(await client.get(nowhere)) == (404, "not-found")


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("accept", BROWSERS)
async def test_a_browser_that_is_lost_gets_the_page_which_says_so(client: AsyncClient, path: str, accept: str):
    response = await client.get(path, headers={"Accept": accept})
    again = await client.get(path, headers={"Accept": accept, "If-None-Match": response.headers["etag"]})

    assert (response.status_code, response.text) == (again.status_code, again.text) == (404, INDEX)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"] == (await client.get("/")).headers["content-security-policy"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/problem+json, text/html", "text/html;q=0"])
@pytest.mark.parametrize("path", NOWHERE)
async def test_a_program_that_is_lost_gets_a_problem(client: AsyncClient, path: str, accept: str):
    assert problem(await client.get(path, headers={"Accept": accept})) == (404, "not-found")


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/api/runs/", "/api/runs/7"])
async def test_below_api_everybody_is_a_program(client: AsyncClient, path: str):
    assert problem(await client.get(path, headers={"Accept": BROWSERS[0]}))[0] == 404


async def test_only_who_looks_is_shown_the_page(client: AsyncClient):
    head = await client.head("/other", headers={"Accept": BROWSERS[0]})
    assert (head.status_code, head.content, head.headers["content-length"]) == (404, b"", str(len(INDEX)))
    posted = await client.post("/other", headers={"Accept": BROWSERS[0]})
    assert problem(posted) == (404, "not-found")


async def test_where_the_page_is_not_built_a_lost_browser_gets_a_problem(store: Store):
    async with in_process(create_app(settings_with(), store)) as client:
        assert problem(await client.get("/other", headers={"Accept": BROWSERS[0]})) == (404, "not-found")


async def test_the_icon_is_where_browsers_look_for_it(client: AsyncClient, built: Path):
    response = await client.get("/favicon.ico")
    assert (response.status_code, response.content) == (200, ICON)
    assert response.headers["content-type"] == "image/x-icon"
    assert response.headers["cache-control"] == "public, max-age=86400"

    await asyncio.to_thread((built / "favicon.ico").unlink)
    assert problem(await client.get("/favicon.ico")) == (404, "not-found")


async def test_a_head_is_the_page_without_it(client: AsyncClient):
    response = await client.head("/new")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(INDEX))


async def test_the_page_itself_needs_no_token(built: Path, store: Store):
    app = create_app(settings_with(web_dir=built, api_tokens="acme:the-token-of-acme"), store)
    async with in_process(app) as client:
        for path in [*ADDRESSES, "/assets/index-Ab3dE.js", "/favicon.ico"]:
            assert (await client.get(path)).status_code == 200
        for path in ["/api/runs", "/api/nothing"]:
            assert problem(await client.get(path, headers={"Accept": BROWSERS[0]})) == (401, "unauthorized")
        # Whoever looks at an unknown address is told that there is nothing, and is asked for a token by the page.
        assert (await client.get("/other", headers={"Accept": BROWSERS[0]})).text == INDEX
        assert problem(await client.get("/other")) == (401, "unauthorized")


def test_whatever_needs_a_token_is_below_api():
    # A browser that is lost is let through elsewhere.
    assert [each.path for each in OPERATIONS if not each.open and not each.path.startswith("/api/")] == []


def test_the_page_is_looked_for_beside_the_code_unless_it_is_said_where(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("STEPGLASS_WEB_DIR", raising=False)
    root = Path(__file__).parent.parent.parent
    assert Settings().page_dir == root / "web" / "dist" / "app"

    monkeypatch.setenv("STEPGLASS_WEB_DIR", "/srv/page")
    assert Settings().page_dir == Path("/srv/page")
