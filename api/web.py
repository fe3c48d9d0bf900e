"""The page for people: the files that `web/` is built to, as they are, under a policy that allows nothing inline."""

from pathlib import Path
from stat import S_ISREG

from anyio.to_thread import run_sync
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from api.headers import quality
from api.problems import HttpProblem
from api.state import Request

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ]
)
# What is built has its content's hash in its name; only the page that names it must be asked for again.
FOREVER, A_DAY, ALWAYS_ASK = "public, max-age=31536000, immutable", "public, max-age=86400", "no-cache"
# Not from the machine's tables, which differ: a browser runs no script of a wrong type.
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".map": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


async def page(request: Request) -> Response:
    """`GET /`, `/new`, `/runs`, `/batches`, `/stats` and below: one document. Not built: `/docs`."""
    return await built(request, "index.html", ALWAYS_ASK) or RedirectResponse("/docs")


async def asset(request: Request) -> Response:
    """`GET /assets/{file}`: what that document refers to. Raises `HttpProblem` 404."""
    name = request.path_params["file"]
    if (found := await built(request, f"assets/{name}", FOREVER)) is None:
        raise HttpProblem("not-found", f"There is no file {name!r}.")
    return found


async def icon(request: Request) -> Response:
    """`GET /favicon.ico`: browsers ask for it unasked. Raises `HttpProblem` 404."""
    if (found := await built(request, "favicon.ico", A_DAY)) is None:
        raise HttpProblem("not-found", "The page is not built, and the icon comes with it.")
    return found


async def lost(request: Request) -> Response | None:
    """The page for an address that is none: it says so itself. None where there is no page."""
    return await built(request, "index.html", "no-store", 404)


async def built(request: Request, name: str, caching: str, status: int = 200) -> Response | None:
    """A file of the page, compressed where it was built so and is wanted so; None where there is none."""
    files = StaticFiles(directory=request.state["settings"].page_dir, check_dir=False)
    headers = {"Cache-Control": caching, "Content-Security-Policy": POLICY, "Vary": "Accept-Encoding"}
    for packed in [True, False] if takes_gzip(request) else [False]:
        try:
            # It stays inside the folder, wherever the name and links in it would lead.
            path, stat = await run_sync(files.lookup_path, f"{name}.gz" if packed else name)
        except (OSError, ValueError):
            continue  # No name that a file could have.
        if stat is not None and S_ISREG(stat.st_mode):
            encoding = {"Content-Encoding": "gzip"} if packed else {}
            media_type = TYPES.get(Path(name).suffix, "application/octet-stream")
            response = FileResponse(path, status, {**headers, **encoding}, media_type, stat_result=stat)
            if status == 200 and files.is_not_modified(response.headers, request.headers):
                return NotModifiedResponse(response.headers)
            return response
    return None


def takes_gzip(request: Request) -> bool:
    accepted = ",".join(request.headers.getlist("accept-encoding"))
    return quality(accepted, "gzip") > 0
