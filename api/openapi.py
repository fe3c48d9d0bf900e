"""The OpenAPI 3.1 document, made of the table of operations and of the JSON Schemas of their pydantic types."""

from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import TypeAdapter

from api._operation import LIMITED, STREAMED, Answer, Operation
from api.problems import KINDS, MEDIA_TYPE, Kind
from api.runs import LARGEST_PAGE, PAGE, STATUSES
from api.stats import DAYS, MOST_DAYS
from events.contract import Problem

Doc = dict[str, Any]

REF = "#/components/schemas/{model}"
SEQ: Doc = {"type": "integer", "minimum": 0, "maximum": 2**53}
RUN_ID: Doc = {"type": "string", "format": "uuid"}
PARAMETERS: dict[str, Doc] = {
    "run_id": {"name": "run_id", "in": "path", "required": True, "schema": RUN_ID, "description": "Id of the run."},
    "kind": {"name": "kind", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Its name."},
    "id": {"name": "id", "in": "path", "required": True, "schema": RUN_ID, "description": "Id of the run."},
    "file": {"name": "file", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Its name."},
    "input_id": {
        "name": "input_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "Id of the question, as `asked` of the run has it.",
    },
    "version": {
        "name": "version",
        "in": "path",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "description": "Number of the version.",
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The `ETag` of the version that you have seen. When there is another by now, 412, and nothing "
        "changes. Without it the change is made to whatever there is.",
        "example": '"3"',
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The `ETag` of the version that you have. 304, without a body, as long as it is the last one.",
        "example": '"3"',
    },
    "Stepglass-Author": {
        "name": "Stepglass-Author",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 100},
        "description": "Who makes the change, as the history should name them, in UTF-8; nobody checks it. "
        "Without it, the tenant's name.",
    },
    "before": {
        "name": "before",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1},
        "description": "The `next_before` of the page before.",
    },
    "about": {
        "name": "about",
        "in": "query",
        "schema": RUN_ID,
        "description": "Only those that work on the document of this run.",
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": "The same key with the same body gives the same run again; with another body, 422.",
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string"},
        "description": "`wait=N` (RFC 7240): answer when the run has ended, after N seconds at the latest; at most 60.",
        "example": "wait=60",
    },
    "Last-Event-ID": {
        "name": "Last-Event-ID",
        "in": "header",
        "schema": SEQ,
        "description": "The last `seq` that you have. Where a run is started, its Idempotency-Key must be there, too.",
    },
    "after": {"name": "after", "in": "query", "schema": SEQ, "description": "As `Last-Event-ID`, which wins."},
    "change": {
        "name": "after",
        "in": "query",
        "schema": SEQ,
        "description": "As `Last-Event-ID`, which wins: the `cursor` of a list of runs, or of the last change that you "
        "have. 0 tells of all runs; without one it begins with those that changed last.",
    },
    "snapshot": {
        "name": "snapshot",
        "in": "query",
        "schema": {"type": "integer", "enum": [0, 1]},
        "description": "1, without a cursor: begin with one snapshot instead of the whole log.",
    },
    "token": {
        "name": "token",
        "in": "query",
        "schema": {"type": "string"},
        "description": "A token for this run alone, for an `EventSource`, which can send none in a header.",
    },
    "status": {"name": "status", "in": "query", "schema": {"enum": list(STATUSES)}, "description": "Only such runs."},
    "pipeline": {"name": "pipeline", "in": "query", "schema": {"type": "string"}, "description": "Only its runs."},
    "page": {
        "name": "after",
        "in": "query",
        "schema": {"type": "string"},
        "description": "The `next_after` of the page before.",
    },
    "limit": {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE},
        "description": "How many on a page.",
    },
    "days": {
        "name": "days",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": DAYS},
        "description": "Days to count, today being the last.",
    },
}
IN_PATH = [name for name, parameter in PARAMETERS.items() if parameter["in"] == "path"]
HEADERS: dict[str, Doc] = {
    "X-Request-ID": {"schema": {"type": "string"}, "description": "Yours, or one of ours; it is in every log line."},
    "X-Run-ID": {"schema": RUN_ID, "description": "The run that is watched."},
    "Location": {"schema": {"type": "string", "format": "uri-reference"}, "description": "Where to look."},
    "ETag": {"schema": {"type": "string"}, "description": "The version, for `If-Match`."},
    "Preference-Applied": {"schema": {"type": "string"}, "description": "The preference that was honoured."},
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."},
    "RateLimit": {
        "schema": {"type": "string"},
        "description": "What is left of the tenant's limits: runs, and the seconds until there is one more.",
        "example": '"runs";r=599;t=60, "live-runs";r=999',
    },
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "description": "The limits themselves: runs, and the seconds in which.",
        "example": '"runs";q=600;w=60, "live-runs";q=1000',
    },
    "Allow": {"schema": {"type": "string"}, "description": "The methods that this address takes."},
    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "How to present a token."},
}
PROBLEM_HEADERS = {
    "unauthorized": "WWW-Authenticate",
    **dict.fromkeys(("unavailable", "not-finished", "not-ready", *LIMITED, *STREAMED), "Retry-After"),
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
        doc["requestBody"] = {"required": not each.body_optional, "content": body}
    if each.open:
        doc["security"] = [{}]
    return doc


def _answer(each: Operation, status: int, answer: Answer, schemas: dict[Any, Doc]) -> Doc:
    content = {media: {"schema": schemas[f"{each.id} {status} {media}"]} for media in answer.content}
    return {
        "description": answer.meaning,
        "headers": _headers(*answer.headers),
        **({"content": content} if content else {}),
    }


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
