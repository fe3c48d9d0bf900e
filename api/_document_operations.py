"""The table of what can be done with the document that a run made, after the run."""

from collections.abc import Sequence
from typing import Any

from pydantic import create_model

from api import documents, refining, start
from api._operation import JSON, LIMITED, MERGE_PATCH, RATE, RUN, Answer, Endpoint, Operation
from api.document import DocumentBody
from flows.catalogue import CATALOGUE

WORKED_ON = CATALOGUE["vision_framework"].document
assert WORKED_ON is not None
FORM: Any = WORKED_ON.form
BODY: Any = create_model("FrameworkBody", __base__=(DocumentBody, FORM), __doc__=DocumentBody.__doc__)
MADE = [*RUN, "not-finished", "no-result"]


def changing(
    path: str, endpoint: Endpoint, summary: str, problems: Sequence[str], *, method: str = "POST", **more: Any
) -> Operation:
    """An address that changes the document, and answers with it."""
    return Operation(
        method=method,
        path=f"/api/runs/{{run_id}}/framework{path}",
        endpoint=endpoint,
        tag="Documents",
        summary=summary,
        answers={200: Answer("The document as it is now.", {JSON: BODY}, ["ETag"])},
        problems=[*MADE, "bad-request", "outrun", *problems],
        parameters=["If-Match", "Stepglass-Author"],
        **more,
    )


DOCUMENT_OPERATIONS: list[Operation] = [
    Operation(
        method="GET",
        path="/api/runs/{run_id}/framework",
        endpoint=documents.show_framework,
        tag="Documents",
        summary="Get the framework as it is now",
        answers={
            200: Answer("The document, and what made it so.", {JSON: BODY}, ["ETag"]),
            304: Answer("You have it: nobody has changed it since.", headers=["ETag"]),
        },
        problems=MADE,
        parameters=["If-None-Match"],
    ),
    changing(
        "", documents.edit_framework, "Edit sections", [], method="PATCH", takes=FORM.patch, media=[MERGE_PATCH, JSON]
    ),
    changing("/undo", documents.undo, "Undo the last change", ["nothing-to-undo"]),
    changing("/redo", documents.redo, "Redo what was undone", ["nothing-to-redo"]),
    changing(
        "/apply", refining.apply_refinement, "Take over a refinement", [], takes=refining.Apply, conflicts=["outrun"]
    ),
    Operation(
        method="POST",
        path="/api/runs/{run_id}/refine",
        endpoint=refining.refine_section,
        tag="Documents",
        summary="Have a section written anew",
        answers={
            202: Answer("A run about this one is accepted and stored.", {JSON: start.Started}, ["Location", *RATE])
        },
        problems=[*MADE, *LIMITED],
        parameters=["Idempotency-Key"],
        takes=FORM.wish,
    ),
    Operation(
        method="GET",
        path="/api/runs/{run_id}/framework/versions",
        endpoint=documents.list_versions,
        tag="Documents",
        summary="List the versions, newest first",
        answers={200: Answer("A page of versions, without their contents.", {JSON: documents.History})},
        problems=[*MADE, "bad-request"],
        parameters=["before", "limit"],
    ),
    Operation(
        method="GET",
        path="/api/runs/{run_id}/framework/versions/{version}",
        endpoint=documents.show_version,
        tag="Documents",
        summary="Get the framework as it was",
        answers={200: Answer("The document at that version.", {JSON: BODY}, ["ETag"])},
        problems=[*MADE, "unknown-version"],
    ),
]
