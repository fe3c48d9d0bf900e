"""The parameters and headers of the OpenAPI document: each is described once, whichever operations have it."""

from typing import Any

from api.batch_items import STATUSES as ITEM_STATUSES
from api.documents import HIGHEST
from api.runs import LARGEST_PAGE, PAGE, STATUSES
from api.stats import DAYS, MOST_DAYS
from flows.catalogue import BatchOrder

Doc = dict[str, Any]

SEQ: Doc = {"type": "integer", "minimum": 0, "maximum": 2**53}
RUN_ID: Doc = {"type": "string", "format": "uuid"}


def or_empty(schema: Doc) -> Doc:
    """A form sends what nobody filled in as nothing, and is asked as if it had left it out."""
    return {"anyOf": [schema, {"const": ""}]}


def of_lines(name: str) -> Doc:
    """A field of the order of a batch, for a body of lines, which has no room for it."""
    field = BatchOrder.model_json_schema()["properties"][name]
    schema = {key: value for key, value in field.items() if key not in ("title", "description", "default")}
    words = f"For a body of lines. {field['description']}"
    return {"name": name, "in": "query", "schema": or_empty(schema), "description": words}


OF_LINES = {name: of_lines(name) for name in ("name", "concurrency", "max_cost_usd")}
OF_LINES["item pipeline"] = of_lines("pipeline")
PARAMETERS: dict[str, Doc] = {
    "run_id": {"name": "run_id", "in": "path", "required": True, "schema": RUN_ID, "description": "Id of the run."},
    "batch_id": {
        "name": "batch_id",
        "in": "path",
        "required": True,
        "schema": RUN_ID,
        "description": "Id of the batch, which is that of its run.",
    },
    "kind": {"name": "kind", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Its name."},
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "Id of the run; the page itself says when there is none.",
    },
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
        "schema": or_empty({"type": "integer", "minimum": 1, "maximum": HIGHEST - 1}),
        "description": "The `next_before` of the page before.",
    },
    "about": {
        "name": "about",
        "in": "query",
        "schema": or_empty(RUN_ID),
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
        "description": "`wait=N` (RFC 7240): answer when the run has ended, after N seconds at the latest; at most 60. "
        "It counts as a stream; where none may be opened, the answer is 202 at once, without `Preference-Applied`.",
        "example": "wait=60",
    },
    "Last-Event-ID": {
        "name": "Last-Event-ID",
        "in": "header",
        "schema": or_empty(SEQ),
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
    "status": {
        "name": "status",
        "in": "query",
        "schema": or_empty({"enum": list(STATUSES)}),
        "description": "Only such runs.",
    },
    "pipeline": {"name": "pipeline", "in": "query", "schema": {"type": "string"}, "description": "Only its runs."},
    "item status": {
        "name": "status",
        "in": "query",
        "schema": or_empty({"enum": list(ITEM_STATUSES)}),
        "description": "Only such items.",
    },
    **OF_LINES,
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
        "schema": or_empty({"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": DAYS}),
        "description": "Days to count, today being the last.",
    },
}
HEADERS: dict[str, Doc] = {
    "X-Request-ID": {"schema": {"type": "string"}, "description": "Yours, or one of ours; it is in every log line."},
    "X-Run-ID": {"schema": RUN_ID, "description": "The run that is watched."},
    "Location": {"schema": {"type": "string", "format": "uri-reference"}, "description": "Where to look."},
    "ETag": {"schema": {"type": "string"}, "description": "The version, for `If-Match`."},
    "Content-Disposition": {"schema": {"type": "string"}, "description": "A name for the file."},
    "Preference-Applied": {"schema": {"type": "string"}, "description": "The preference that was honoured."},
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."},
    "RateLimit": {
        "schema": {"type": "string"},
        "description": "What is left of the tenant's limits: runs or changes, and the seconds until there is one more.",
        "example": '"runs";r=599;t=60, "live-runs";r=999',
    },
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "description": "The limits themselves: runs or changes, and the seconds in which.",
        "example": '"runs";q=600;w=60, "live-runs";q=1000',
    },
    "Allow": {"schema": {"type": "string"}, "description": "The methods that this address takes."},
    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "How to present a token."},
}
