"""The table of what can be done with batches."""

from pydantic import BaseModel, JsonValue

from api import batch_items, batch_results, batch_retry, batches, pausing, runs, watch
from api._operation import CSV, JSON, LIMITED, NDJSON, RATE, SSE, STREAMED, Answer, Endpoint, Operation
from api.batch_order import BatchLine
from flows.catalogue import BatchOrder

BATCH = ("unknown-batch", "unavailable")


def wish(name: str, endpoint: Endpoint, summary: str, meaning: str, body: type[BaseModel]) -> Operation:
    """Asks something of a batch that has not ended."""
    return Operation(
        method="POST",
        path=f"/api/batches/{{batch_id}}/{name}",
        endpoint=batches.of_batch(endpoint),
        name=f"{name}_batch",
        tag="Batches",
        summary=summary,
        answers={202: Answer(meaning, {JSON: body})},
        problems=[*BATCH, "run-ended"],
    )


BATCH_OPERATIONS: list[Operation] = [
    Operation(
        method="POST",
        path="/api/batches",
        endpoint=batches.start_batch,
        tag="Batches",
        summary="Start a batch",
        answers={202: Answer("The batch is accepted and stored.", {JSON: batches.BatchStarted}, ["Location", *RATE])},
        problems=["unavailable", *LIMITED],
        parameters=["Idempotency-Key", "name", "item pipeline", "concurrency", "max_cost_usd"],
        starts=True,
        takes=BatchOrder,
        lines=BatchLine | dict[str, JsonValue],
    ),
    Operation(
        method="GET",
        path="/api/batches",
        endpoint=batches.list_batches,
        tag="Batches",
        summary="List batches, newest first",
        answers={200: Answer("A page of batches.", {JSON: batches.BatchPage})},
        problems=["bad-request", "unavailable"],
        parameters=["status", "page", "limit"],
    ),
    Operation(
        method="GET",
        path="/api/batches/{batch_id}",
        endpoint=batches.show_batch,
        tag="Batches",
        summary="Look at a batch",
        answers={200: Answer("The batch as its events say it is.", {JSON: batches.Batch})},
        problems=BATCH,
    ),
    Operation(
        method="GET",
        path="/api/batches/{batch_id}/items",
        endpoint=batch_items.list_items,
        tag="Batches",
        summary="List the items that have ended",
        answers={200: Answer("A page of items.", {JSON: batch_items.BatchItemPage})},
        problems=[*BATCH, "bad-request"],
        parameters=["item status", "page", "limit"],
    ),
    Operation(
        method="GET",
        path="/api/batches/{batch_id}/results",
        endpoint=batch_results.show_results,
        tag="Batches",
        summary="Get the results of the items that have ended",
        answers={
            200: Answer(
                "A line for each of them; in CSV below a line with the names of the columns.",
                {NDJSON: batch_results.BatchResult, CSV: str},
                ["Content-Disposition"],
            )
        },
        problems=[*BATCH, "not-acceptable", *STREAMED],
    ),
    Operation(
        method="GET",
        path="/api/batches/{batch_id}/events",
        endpoint=batches.of_batch(watch.watch_run),
        name="watch_batch",
        tag="Batches",
        summary="Watch a batch",
        answers={
            200: Answer("The events of its run, to the last word.", {SSE: watch.Message, NDJSON: watch.Message}),
            204: Answer("The cursor is at the last word: no more will come."),
        },
        problems=[*BATCH, "bad-request", "not-acceptable", *STREAMED],
        parameters=["Last-Event-ID", "after", "snapshot"],
    ),
    wish(
        "cancel",
        runs.cancel_run,
        "Cancel a batch, and the runs of it that go on",
        "The wish is stored; the batch ends at once.",
        runs.CancelAccepted,
    ),
    wish("pause", pausing.pause_run, "Pause a batch", "No further run begins.", pausing.PauseAccepted),
    wish("unpause", pausing.unpause_run, "Let a batch go on", "A worker takes it up again.", pausing.PauseAccepted),
    Operation(
        method="POST",
        path="/api/batches/{batch_id}/retry",
        endpoint=batch_retry.retry_batch,
        tag="Batches",
        summary="Do again what is not complete, or some of it",
        answers={
            202: Answer("The new batch is accepted and stored.", {JSON: batches.BatchStarted}, ["Location", *RATE])
        },
        problems=[*BATCH, *LIMITED, "not-finished"],
        parameters=["Idempotency-Key"],
        takes=batch_retry.BatchRetry,
        body_optional=True,
    ),
]
