"""The table of what can be done with runs: starting, listing, watching, looking at and cancelling them."""

from pydantic import BaseModel, JsonValue

from api import changes, inputs, pausing, retry, run_tokens, runs, start, vision, watch
from api._operation import JSON, LIMITED, MARKDOWN, NDJSON, RATE, RUN, SSE, STREAMED, Answer, Endpoint, Operation
from api.dialect import SmallEvent
from api.views import RunBody
from flows.catalogue import CATALOGUE


def small_stream(path: str, endpoint: Endpoint, summary: str, pipeline: str) -> Operation:
    """Starts a run and watches it in one response, in the small dialect."""
    return Operation(
        method="POST",
        path=path,
        endpoint=endpoint,
        tag="Vision Framework",
        summary=summary,
        answers={
            200: Answer(
                "The events of the run in the small dialect, to its end.", {SSE: SmallEvent}, ["X-Run-ID", *RATE]
            ),
            204: Answer("`Last-Event-ID` is the last word of the run: no more will come.", headers=["X-Run-ID"]),
        },
        problems=[*RUN, *LIMITED, *STREAMED],
        parameters=["Idempotency-Key", "Last-Event-ID"],
        starts=True,
        takes=CATALOGUE[pipeline].input_model,
        body_optional=True,
    )


def wish(name: str, endpoint: Endpoint, summary: str, meaning: str, body: type[BaseModel]) -> Operation:
    """Asks something of a run that has not ended."""
    return Operation(
        method="POST",
        path=f"/api/runs/{{run_id}}/{name}",
        endpoint=endpoint,
        tag="Runs",
        summary=summary,
        answers={202: Answer(meaning, {JSON: body})},
        problems=[*RUN, "run-ended"],
    )


RUN_OPERATIONS: list[Operation] = [
    Operation(
        method="POST",
        path="/api/runs",
        endpoint=start.start_run,
        tag="Runs",
        summary="Start a run",
        answers={
            200: Answer(
                "With `Prefer: wait=N`: the run has ended in time, well or not; see `status`.",
                {JSON: RunBody},
                ["Location", "Preference-Applied", *RATE],
            ),
            202: Answer(
                "The run is accepted and stored.", {JSON: start.Started}, ["Location", "Preference-Applied", *RATE]
            ),
        },
        problems=["unavailable", *LIMITED],
        parameters=["Idempotency-Key", "Prefer"],
        starts=True,
        takes=start.StartRun,
    ),
    Operation(
        method="GET",
        path="/api/runs",
        endpoint=runs.list_runs,
        tag="Runs",
        summary="List runs, newest first",
        answers={200: Answer("A page of runs.", {JSON: runs.RunPage})},
        problems=["bad-request", "unavailable"],
        parameters=["status", "pipeline", "about", "page", "limit"],
    ),
    # Before the runs: its address could be one of theirs.
    Operation(
        method="GET",
        path="/api/runs/events",
        endpoint=changes.watch_runs,
        tag="Runs",
        summary="Watch all runs",
        answers={
            200: Answer(
                "Every run that changes, as it is by then, and control frames.",
                {SSE: changes.RunChanged | watch.Message, NDJSON: changes.RunChanged | watch.Message},
            )
        },
        problems=["bad-request", "not-acceptable", *STREAMED, "unavailable"],
        parameters=["Last-Event-ID", "change", "status", "pipeline"],
    ),
    Operation(
        method="GET",
        path="/api/runs/{run_id}",
        endpoint=runs.show_run,
        tag="Runs",
        summary="Look at a run",
        answers={200: Answer("The run as its events say it is.", {JSON: RunBody})},
        problems=RUN,
    ),
    Operation(
        method="GET",
        path="/api/runs/{run_id}/events",
        endpoint=watch.watch_run,
        tag="Runs",
        summary="Watch a run",
        answers={
            200: Answer("Events and control frames, to the last word.", {SSE: watch.Message, NDJSON: watch.Message}),
            204: Answer("The cursor is at the last word: no more will come."),
        },
        problems=[*RUN, "bad-request", "not-acceptable", *STREAMED],
        parameters=["Last-Event-ID", "after", "snapshot", "token"],
    ),
    Operation(
        method="POST",
        path="/api/runs/{run_id}/token",
        endpoint=run_tokens.make_token,
        tag="Runs",
        summary="Get a token that reads this run alone",
        answers={200: Answer("A token for a quarter of an hour.", {JSON: run_tokens.RunToken})},
        problems=RUN,
    ),
    Operation(
        method="GET",
        path="/api/runs/{run_id}/result",
        endpoint=runs.show_result,
        tag="Runs",
        summary="Get the result of a run",
        answers={200: Answer("The result, as the run's pipeline makes it.", {JSON: JsonValue})},
        problems=[*RUN, "not-finished", "no-result"],
    ),
    Operation(
        method="GET",
        path="/api/runs/{run_id}/one-pager.md",
        endpoint=runs.show_one_pager,
        tag="Runs",
        summary="Get the one-pager of a run",
        answers={200: Answer("The one-pager in Markdown.", {MARKDOWN: str})},
        problems=[*RUN, "not-finished", "no-result"],
    ),
    wish("cancel", runs.cancel_run, "Cancel a run", "The wish is stored; the run ends at once.", runs.CancelAccepted),
    wish(
        "pause", pausing.pause_run, "Pause a run between its steps", "No step begins any more.", pausing.PauseAccepted
    ),
    wish(
        "unpause",
        pausing.unpause_run,
        "Let a paused run go on",
        "A worker takes it up again.",
        pausing.PauseAccepted,
    ),
    Operation(
        method="POST",
        path="/api/runs/{run_id}/inputs/{input_id}",
        endpoint=inputs.answer_input,
        tag="Runs",
        summary="Answer what a run asks",
        answers={202: Answer("The answer is stored; the run goes on with it.", {JSON: pausing.PauseAccepted})},
        problems=[*RUN, "unknown-input", "run-ended", "answered"],
        takes=inputs.InputAnswer,
    ),
    Operation(
        method="POST",
        path="/api/runs/{run_id}/retry",
        endpoint=retry.retry_run,
        tag="Runs",
        summary="Do a run again, from a failed step or any other",
        answers={202: Answer("The new run is accepted and stored.", {JSON: start.Started}, ["Location", *RATE])},
        problems=[*RUN, *LIMITED, "not-finished"],
        parameters=["Idempotency-Key"],
        takes=retry.Retry,
        body_optional=True,
    ),
    small_stream(
        "/api/vision-framework-v2/generate-stream",
        vision.generate_stream,
        "Make a Vision Framework and watch it",
        "vision_framework",
    ),
    small_stream(
        "/api/vision-framework-v2/refine", vision.refine, "Refine one section of a framework and watch it", "refine"
    ),
]
