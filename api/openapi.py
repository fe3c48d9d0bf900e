"""The OpenAPI 3.1 document, made of the table of operations and of the JSON Schemas of their pydantic types."""

from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import TypeAdapter

from api._operation import LIMITED, NDJSON, RATE, SSE, STREAMED, Answer, Operation
from api._parameters import HEADERS, PARAMETERS, Doc
from api.problems import KINDS, MEDIA_TYPE, Kind
from events.contract import Problem

REF = "#/components/schemas/{model}"
IN_PATH = [name for name, parameter in PARAMETERS.items() if parameter["in"] == "path"]
PROBLEM_HEADERS = {
    "unauthorized": "WWW-Authenticate",
    **dict.fromkeys(
        ("unavailable", "not-finished", "not-ready", "too-many-changes", *LIMITED, *STREAMED), "Retry-After"
    ),
}
ABOUT = """Staged model generations that anyone can watch live. `POST /api/runs` starts a run,
`GET /api/runs/{run_id}/events` watches it: one append-only log, read from any position.
Every error is a problem (RFC 9457) whose `type` is explained at its address."""


def installed_version() -> str:
    try:
        return version("stepglass")
    except PackageNotFoundError:
        return "0.0.0"


# Looked up once, while nobody waits: it reads files.
VERSION = installed_version()


def document(operations: list[Operation]) -> Doc:
    """The whole document, as JSON."""
    schemas, components = _schemas(operations)
    paths: dict[str, Doc] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Stepglass", "version": VERSION, "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": HEADERS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "Names your tenant."}},
        },
        # The empty one stands for a server without tokens in its settings.
        "security": [{"bearer": []}, {}],
    }


def _schemas(operations: list[Operation]) -> tuple[dict[Any, Doc], dict[str, Doc]]:
    """JSON Schemas by type, and the named ones that they refer to."""
    types: dict[str, Any] = {"problem": Problem}
    for each in operations:
        types |= {f"{each.id} takes": each.takes} if each.takes is not None else {}
        types |= {f"{each.id} lines": each.lines} if each.lines is not None else {}
        types |= {f"{each.id} {s} {m}": t for s, a in each.answers.items() for m, t in a.content.items()}
    # What a reader must expect: fields with a default may be left out on the wire.
    inputs = [(name, "validation", TypeAdapter[Any](type_)) for name, type_ in types.items()]
    found, named = TypeAdapter.json_schemas(inputs, ref_template=REF)  # pyright: ignore[reportArgumentType] # invariant
    return {name: schema for (name, _), schema in found.items()}, named.get("$defs", {})


def _operation(each: Operation, schemas: dict[Any, Doc]) -> Doc:
    problems: dict[int, list[Kind]] = {}
    for kind in each.kinds:
        problems.setdefault(kind.status, []).append(kind)
    for name in each.conflicts:
        problems.setdefault(409, []).append(KINDS[name])
    in_path = [name for name in IN_PATH if f"{{{name}}}" in each.path]
    doc: Doc = {
        "operationId": each.id,
        "tags": [each.tag],
        "summary": each.summary,
        "parameters": [PARAMETERS[name] for name in [*in_path, *each.parameters]],
        "responses": {str(status): _answer(each, status, answer, schemas) for status, answer in each.answers.items()},
    }
    doc["responses"] |= {str(status): _problem(kinds) for status, kinds in problems.items()}
    if each.takes is not None:
        body = {media: {"schema": schemas[f"{each.id} takes"]} for media in each.media}
        body |= {NDJSON: {"schema": schemas[f"{each.id} lines"]}} if each.lines is not None else {}
        doc["requestBody"] = {"required": not each.body_optional, "content": body}
    if each.open:
        doc["security"] = [{}]
    return doc


def _answer(each: Operation, status: int, answer: Answer, schemas: dict[Any, Doc]) -> Doc:
    said = {media: schemas[f"{each.id} {status} {media}"] for media in answer.content}
    content = {media: {"schema": framed(schema) if media == SSE else schema} for media, schema in said.items()}
    return {
        "description": answer.meaning,
        "headers": _headers(*answer.headers, *(RATE if each.is_change else ())),
        **({"content": content} if content else {}),
    }


def framed(schema: Doc) -> Doc:
    """One message of an event stream, with what its `data` says."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    fields = {"id": {"type": "string"}, "event": {"type": "string"}, "retry": {"type": "integer"}, "data": data}
    return {"type": "object", "required": ["data"], "properties": fields}


def _problem(kinds: list[Kind]) -> Doc:
    listed = "; ".join(f"{kind.title} (`{kind.uri}`)" for kind in kinds)
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    headers = [PROBLEM_HEADERS[kind.name] for kind in kinds if kind.name in PROBLEM_HEADERS]
    return {
        "description": f"{HTTPStatus(kinds[0].status).phrase}: {listed}.",
        "headers": _headers(*headers),
        "content": content,
    }


def _headers(*names: str) -> Doc:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}
