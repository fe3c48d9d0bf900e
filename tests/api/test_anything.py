"""Whatever is sent, the answer is one that the document knows, and never that something went wrong on our side."""

import json
from typing import Any
from urllib.parse import quote

from httpx2 import AsyncClient, Response
from hypothesis import HealthCheck, given, settings, strategies as st

from api.operations import OPERATIONS
from events.store import Store
from tests.api.batching import order, waiting
from tests.api.editing import WISH, made
from tests.api.test_generate_stream import REFINEMENT
from tests.api.test_openapi import DOCUMENT, conforms, schema_of
from tests.api.test_starting import BRIEF, START
from tests.api.writing import told
from tests.histories import simple_story
from tests.vision import FRAMEWORK

TEXT = st.text(max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
PATHS = ["/api/runs", "/api/vision-framework-v2/generate-stream", "/api/vision-framework-v2/refine"]
GOOD = {
    "/api/runs": START,
    PATHS[1]: BRIEF,
    PATHS[2]: REFINEMENT,
    "/api/batches": order("a"),
    "/framework": FRAMEWORK,
    "/refine": WISH,
}
# The application is the same for every example: what one leaves behind is only more runs.
SHARED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@st.composite
def changed(draw: st.DrawFn, path: str) -> Any:
    """A good body in which something was replaced, added or left out, at any depth."""
    body = json.loads(json.dumps(GOOD[path]))
    here = body
    while True:
        name = draw(st.sampled_from(sorted(here)))
        if not (isinstance(here[name], dict) and here[name] and draw(st.booleans())):
            break
        here = here[name]
    match draw(st.sampled_from(["replace", "add", "remove"])):
        case "replace":
            here[name] = draw(ANYTHING)
        case "add":
            here[draw(TEXT)] = draw(ANYTHING)
        case _:
            del here[name]
    return body


def documented(response: Response, operation_id: str) -> None:
    operation = next(each for each in OPERATIONS if each.id == operation_id)
    told = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
    assert str(response.status_code) in told
    assert response.status_code < 500
    if response.status_code >= 400:
        conforms(response.json(), schema_of(operation_id, response.status_code, "application/problem+json"))


@SHARED
@given(body=ANYTHING | changed("/api/runs"))
async def test_any_json_may_be_sent_to_start_a_run(client: AsyncClient, body: Any):
    documented(await client.post("/api/runs", json=body), "start_run")


@SHARED
@given(body=ANYTHING | changed(PATHS[1]), key=TEXT, last=TEXT | st.integers().map(str))
async def test_any_json_may_be_sent_to_go_on_with_a_stream(client: AsyncClient, body: Any, key: str, last: str):
    # With a Last-Event-ID that is not empty: without, a good body would start a run that nobody ever ends.
    headers = {b"Idempotency-Key": (key or "k").encode(), b"Last-Event-ID": (last or "x").encode()}

    documented(await client.post(PATHS[1], json=body, headers=headers), "generate_stream")


LINE = (ANYTHING | changed("/api/runs").map(lambda body: body.get("input"))).map(lambda line: json.dumps(line).encode())


@SHARED
@given(body=ANYTHING | changed("/api/batches"))
async def test_any_json_may_be_sent_to_start_a_batch(client: AsyncClient, body: Any):
    documented(await client.post("/api/batches", json=body), "start_batch")


@SHARED
@given(
    lines=st.lists(LINE | st.binary(max_size=20), max_size=5),
    end=st.sampled_from([b"\n", b"\r\n", b"\n\n", b" "]),
    query=st.dictionaries(st.sampled_from(["name", "pipeline", "concurrency", "max_cost_usd"]), TEXT | st.just("1")),
)
async def test_any_lines_may_be_sent_to_start_a_batch(
    client: AsyncClient, lines: list[bytes], end: bytes, query: dict[str, str]
):
    headers = {"Content-Type": "application/x-ndjson"}

    answer = await client.post("/api/batches", content=end.join(lines), headers=headers, params=query)

    documented(answer, "start_batch")


@SHARED
@given(params=st.dictionaries(st.sampled_from(["status", "after", "limit"]), TEXT | st.integers().map(str)))
async def test_any_page_of_items_may_be_asked_for(client: AsyncClient, store: Store, params: dict[str, str]):
    batch_id = await waiting(store, "a")

    documented(await client.get(f"/api/batches/{batch_id}/items", params=params), "list_items")
    documented(await client.get("/api/batches", params=params), "list_batches")


@SHARED
@given(content=st.binary(max_size=200), content_type=TEXT | st.just("application/json"))
async def test_any_bytes_may_be_sent(client: AsyncClient, content: bytes, content_type: str):
    headers = {b"Content-Type": content_type.encode()}

    documented(await client.post("/api/runs", content=content, headers=headers), "start_run")


@SHARED
@given(params=st.dictionaries(st.sampled_from(["status", "pipeline", "after", "limit"]), TEXT | st.integers().map(str)))
async def test_any_page_may_be_asked_for(client: AsyncClient, params: dict[str, str]):
    documented(await client.get("/api/runs", params=params), "list_runs")


@SHARED
@given(
    params=st.dictionaries(st.sampled_from(["after", "snapshot"]), TEXT | st.integers().map(str)),
    accept=TEXT | st.sampled_from(["*/*", "text/event-stream;q=0", "application/x-ndjson"]),
)
async def test_any_cursor_may_be_asked_for(client: AsyncClient, store: Store, params: dict[str, str], accept: str):
    run_id = await told(store, simple_story())

    documented(
        await client.get(f"/api/runs/{run_id}/events", params=params, headers={b"Accept": accept.encode()}), "watch_run"
    )


@SHARED
@given(name=TEXT.filter(lambda name: name.strip("/.") != "" and "/" not in name))
async def test_any_run_may_be_asked_for(client: AsyncClient, name: str):
    for operation_id, path in [("show_run", ""), ("show_result", "/result"), ("watch_run", "/events")]:
        documented(await client.get(f"/api/runs/{quote(name, safe='')}{path}"), operation_id)


@SHARED
@given(
    body=ANYTHING | changed("/framework"),
    seen=TEXT | st.sampled_from(['"1"', "*", 'W/"1", "2"']),
    author=TEXT | st.just("Ada"),
)
async def test_any_change_may_be_sent_to_a_document(
    client: AsyncClient, store: Store, body: Any, seen: str, author: str
):
    path, headers = f"/api/runs/{await made(store)}/framework", {b"Stepglass-Author": author.encode()}
    seeing = {**headers, b"If-Match": seen.encode()}

    documented(await client.patch(path, json=body, headers=seeing), "edit_framework")
    documented(await client.post(f"{path}/undo", headers=seeing), "undo")
    documented(await client.post(f"{path}/redo", headers=headers), "redo")
    conforms((await client.get(path)).json(), schema_of("show_framework", 200, "application/json"))


@SHARED
@given(body=ANYTHING | changed("/refine"), refined_by=ANYTHING | st.uuids().map(str))
async def test_any_wish_may_be_sent(client: AsyncClient, store: Store, body: Any, refined_by: Any):
    path = f"/api/runs/{await made(store)}"

    documented(await client.post(f"{path}/refine", json=body), "refine_section")
    answer = await client.post(f"{path}/framework/apply", json={"refine_run_id": refined_by})
    documented(answer, "apply_refinement")


@SHARED
@given(
    version=TEXT.filter(lambda name: name.strip("/.") != "" and "/" not in name) | st.integers().map(str),
    params=st.dictionaries(st.sampled_from(["before", "limit"]), TEXT | st.integers().map(str)),
)
async def test_any_version_may_be_asked_for(client: AsyncClient, store: Store, version: str, params: dict[str, str]):
    path = f"/api/runs/{await made(store)}/framework/versions"

    documented(await client.get(f"{path}/{quote(version, safe='')}"), "show_version")
    documented(await client.get(path, params=params), "list_versions")
