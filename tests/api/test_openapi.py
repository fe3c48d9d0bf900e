"""The document that the API gives of itself: valid, complete, and true of what it answers."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from httpx2 import AsyncClient
from jsonschema import Draft202012Validator
from pydantic import JsonValue
from starlette.routing import Route

from api.app import create_app
from api.openapi import document
from api.operations import OPERATIONS
from api.problems import KINDS
from events.store import Store
from tests.api.conftest import problem, settings_with
from tests.api.test_generate_stream import REFINEMENT
from tests.api.test_starting import BRIEF, START
from tests.api.writing import accept, hold, rest_of, told
from tests.histories import failed_story, rich_story, simple_story
from tests.sse_parser import parse

DOCUMENT: dict[str, Any] = json.loads(json.dumps(document(OPERATIONS)))

STRING: dict[str, Any] = {"type": "string"}
SCHEMA: dict[str, Any] = {"type": ["object", "boolean"]}
CONTENT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "object", "required": ["schema"], "properties": {"schema": SCHEMA}},
}
# The parts of the OpenAPI 3.1 structure that we use, nothing else allowed: written from the specification's tables.
STRUCTURE: dict[str, Any] = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components", "security"],
    "additionalProperties": False,
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {"title": STRING, "version": STRING},
        },
        "paths": {
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "propertyNames": {"enum": ["get", "post", "patch"]},
                "additionalProperties": {"$ref": "#/$defs/operation"},
            },
        },
        "components": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "schemas": {"propertyNames": {"pattern": "^[a-zA-Z0-9._-]+$"}, "additionalProperties": SCHEMA},
                "headers": {"additionalProperties": {"type": "object", "required": ["schema"]}},
                "securitySchemes": {"additionalProperties": {"type": "object", "required": ["type"]}},
            },
        },
        "security": {"type": "array"},
    },
    "$defs": {
        "operation": {
            "type": "object",
            "required": ["operationId", "responses", "summary", "tags"],
            "additionalProperties": False,
            "properties": {
                "operationId": STRING,
                "summary": STRING,
                "tags": {"type": "array", "items": STRING},
                "security": {"type": "array"},
                "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
                "requestBody": {
                    "type": "object",
                    "required": ["content"],
                    "additionalProperties": False,
                    "properties": {"content": CONTENT, "required": {"type": "boolean"}},
                },
                "responses": {
                    "propertyNames": {"pattern": "^[1-5][0-9][0-9]$"},
                    "minProperties": 1,
                    "additionalProperties": {"$ref": "#/$defs/response"},
                },
            },
        },
        "parameter": {
            "type": "object",
            "required": ["name", "in", "schema"],
            "additionalProperties": False,
            "properties": {
                "name": STRING,
                "in": {"enum": ["path", "query", "header"]},
                "required": {"type": "boolean"},
                "schema": SCHEMA,
                "description": STRING,
                "example": {},
            },
            "if": {"properties": {"in": {"const": "path"}}},
            "then": {"required": ["required"], "properties": {"required": {"const": True}}},
        },
        "response": {
            "type": "object",
            "required": ["description"],
            "additionalProperties": False,
            "properties": {
                "description": STRING,
                "headers": {"additionalProperties": {"required": ["$ref"]}},
                "content": CONTENT,
            },
        },
    },
}


def references(node: JsonValue) -> set[str]:
    match node:
        case {"$ref": str(target)}:
            return {target}
        case dict():
            return {target for item in node.values() for target in references(item)}
        case list():
            return {target for item in node for target in references(item)}
        case _:
            return set()


def conforms(value: Any, schema: dict[str, Any]) -> None:
    """Raises `ValidationError` when it does not."""
    jsonschema.validate(value, {**schema, "components": DOCUMENT["components"]}, cls=Draft202012Validator)


def schema_of(operation_id: str, status: int, media_type: str) -> dict[str, Any]:
    """What the document says of an answer; of a stream, what is in the `data` of its messages."""
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            if operation["operationId"] == operation_id:
                schema = operation["responses"][str(status)]["content"][media_type]["schema"]
                return schema["properties"]["data"]["contentSchema"] if media_type == "text/event-stream" else schema
    raise LookupError(operation_id)


def test_the_document_is_valid():
    Draft202012Validator.check_schema(STRUCTURE)
    jsonschema.validate(DOCUMENT, STRUCTURE, cls=Draft202012Validator)


def test_every_schema_in_it_is_a_json_schema():
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for operation in [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]:
        for parameter in operation["parameters"]:
            Draft202012Validator.check_schema(parameter["schema"])


def test_everything_that_is_referred_to_is_there_and_everything_there_is_referred_to():
    named = {f"#/components/{kind}/{name}" for kind in ("schemas", "headers") for name in DOCUMENT["components"][kind]}
    used = references(DOCUMENT)

    assert used <= named
    assert {name for name in named if "/schemas/" in name} <= used


def test_every_route_of_the_application_is_in_the_document_and_the_other_way_round():
    app = create_app(settings_with())
    routes = {
        (method.lower(), route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert len(app.routes) == len(routes)
    assert routes == {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}


def test_parameters_in_a_path_are_declared_and_operations_have_names_of_their_own():
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            declared = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))
            places = [(each["in"], each["name"]) for each in operation["parameters"]]
            assert len(places) == len(set(places))


def test_every_kind_of_problem_that_a_client_can_meet_is_somewhere_in_it():
    told = json.dumps(DOCUMENT["paths"])
    # These answer requests that reach no operation.
    everywhere = {"method-not-allowed", "headers-too-large"}

    assert {kind.name for kind in KINDS.values() if kind.uri not in told} == everywhere


async def test_it_is_served_and_is_the_same(client: AsyncClient):
    response = await client.get("/openapi.json")

    assert response.headers["content-type"] == "application/json"
    assert response.json() == DOCUMENT


async def test_answers_are_as_the_document_says(client: AsyncClient, store: Store):
    done, failed = await told(store, rich_story()), await told(store, failed_story())
    waiting, going = await accept(store), await accept(store)
    await (await hold(store, going)).write(rest_of(simple_story())[:4])
    for run_id in (done, failed, waiting, going):
        body = (await client.get(f"/api/runs/{run_id}")).json()
        conforms(body, schema_of("show_run", 200, "application/json"))
    for name, path in [("list_runs", "/api/runs"), ("list_pipelines", "/api/pipelines")]:
        conforms((await client.get(path)).json(), schema_of(name, 200, "application/json"))
    for name, path in [("health", "/api/health"), ("ready", "/api/ready")]:
        conforms((await client.get(path)).json(), schema_of(name, 200, "application/json"))
    started = await client.post("/api/runs", json=START)
    conforms(started.json(), schema_of("start_run", 202, "application/json"))
    cancelled = await client.post(f"/api/runs/{waiting}/cancel")
    conforms(cancelled.json(), schema_of("cancel_run", 202, "application/json"))
    stream = await client.get(f"/api/runs/{done}/events")
    for frame in parse(stream.content):
        conforms(frame.json, schema_of("watch_run", 200, "text/event-stream"))


def test_the_messages_of_a_stream_are_told_of_as_they_stand_in_it():
    for path in ("/api/runs/events", "/api/runs/{run_id}/events"):
        content = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]
        framed, line = content["text/event-stream"]["schema"], content["application/x-ndjson"]["schema"]
        conforms({"id": "1", "data": "{}"}, framed)
        with pytest.raises(jsonschema.ValidationError, match="'data' is a required property"):
            conforms({"id": "1"}, framed)
        assert framed["properties"]["data"]["contentSchema"] == line


async def test_what_a_form_leaves_empty_may_be_empty_by_the_document_too(client: AsyncClient):
    for path in ("/api/runs", "/api/stats"):
        for parameter in DOCUMENT["paths"][path]["get"]["parameters"]:
            refused = (await client.get(path, params={parameter["name"]: ""})).status_code != 200
            empty_is_wrong = parameter["schema"].get("type") == "integer"
            assert refused == empty_is_wrong, parameter["name"]


async def test_problems_are_as_the_document_says(client: AsyncClient):
    wrong = await client.post("/api/runs", json={**START, "input": {}})

    conforms(wrong.json(), schema_of("start_run", 422, "application/problem+json"))
    assert problem(wrong) == (422, "invalid-input")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/runs", START),
        ("/api/vision-framework-v2/generate-stream", BRIEF),
        ("/api/vision-framework-v2/refine", REFINEMENT),
    ],
)
def test_what_a_route_takes_is_in_it(path: str, body: dict[str, Any]):
    schema = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]

    conforms(body, schema)
    with pytest.raises(jsonschema.ValidationError, match="more"):
        conforms({**body, "more": 1}, schema)


class Page(HTMLParser):
    """What a page refers to, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name == "id" and value:
                self.ids.append(value)
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_page_for_people_needs_no_other_place_and_no_script(client: AsyncClient):
    response = await client.get("/docs")
    page = Page()
    page.feed(response.text)

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert page.open == []
    assert not page.tags & {"script", "style", "iframe", "img"}
    assert not {name for name in page.attributes if name == "style" or name.startswith("on")}
    for link in page.links:
        assert link.startswith(("/", "#"))
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (await client.get(link)).status_code == 200
    for operation in OPERATIONS:
        assert operation.id in page.ids


def test_every_kind_of_problem_is_in_the_reference_with_its_status():
    reference = (Path(__file__).parents[2] / "docs" / "http.md").read_text()

    for kind in KINDS.values():
        assert f"| `{kind.uri}` | {kind.status} |" in reference


def test_every_address_is_in_the_reference():
    reference = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
    reference = reference.replace("$RUN", "{run_id}").replace("$BATCH", "{batch_id}")

    for operation in OPERATIONS:
        told = (
            operation.path.replace("/{kind}", "/...")
            .replace("/style.css", "")
            .replace("{version}", "2")
            .replace("{input_id}", "input-1")
        )
        assert told in reference
