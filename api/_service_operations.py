"""The table of everything that is not about one run: what there is, how we are, the documentation, the page."""

from pydantic import JsonValue

from api import health, metrics, pages, pipelines, web
from api._operation import CSS, HTML, JSON, Answer, Operation


def page_at(path: str, name: str, summary: str) -> Operation:
    """The page for people, which shows what its address is about."""
    return Operation(
        method="GET",
        path=path,
        endpoint=web.page,
        name=name,
        tag="The page",
        summary=summary,
        answers={
            200: Answer("A page.", {HTML: str}),
            304: Answer("You have it."),
            307: Answer("At `/docs`, where the page is not built.", headers=["Location"]),
        },
        open=True,
    )


SERVICE_OPERATIONS: list[Operation] = [
    Operation(
        method="GET",
        path="/api/pipelines",
        endpoint=pipelines.list_pipelines,
        tag="Pipelines",
        summary="List the pipelines, with input schemas and examples",
        answers={200: Answer("All pipelines.", {JSON: list[pipelines.PipelineInfo]})},
    ),
    Operation(
        method="GET",
        path="/api/health",
        endpoint=health.health,
        tag="Operation",
        summary="Is the process alive?",
        answers={200: Answer("It is.", {JSON: health.Health})},
        open=True,
    ),
    Operation(
        method="GET",
        path="/api/ready",
        endpoint=health.ready,
        tag="Operation",
        summary="Can runs be accepted and watched?",
        answers={200: Answer("They can; a part may be degraded.", {JSON: health.Readiness})},
        problems=["not-ready"],
        open=True,
    ),
    Operation(
        method="GET",
        path="/metrics",
        endpoint=metrics.show_metrics,
        tag="Operation",
        summary="The figures of this process, for Prometheus",
        answers={200: Answer("Text, in Prometheus' format.", {metrics.TEXT: str})},
        problems=["not-found", "unauthorized"],
        open=True,
    ),
    page_at("/", "start", "Where to begin"),
    page_at("/new", "page_new", "Answer the questions and start a run"),
    page_at("/runs", "page_runs", "All runs"),
    page_at("/runs/{id}", "page_run", "One run and its result"),
    page_at("/batches", "page_batches", "All batches, and where to start one"),
    page_at("/batches/{id}", "page_batch", "One batch and its items"),
    page_at("/stats", "page_stats", "How it has been going"),
    Operation(
        method="GET",
        path="/favicon.ico",
        endpoint=web.icon,
        tag="The page",
        summary="Its icon",
        answers={200: Answer("An icon.", {"image/x-icon": str}), 304: Answer("You have it.")},
        problems=["not-found"],
        open=True,
    ),
    Operation(
        method="GET",
        path="/assets/{file}",
        endpoint=web.asset,
        tag="The page",
        summary="A file of the page",
        answers={200: Answer("As it was built; it never changes.", {"*/*": str}), 304: Answer("You have it.")},
        problems=["not-found"],
        open=True,
    ),
    Operation(
        method="GET",
        path="/openapi.json",
        endpoint=pages.openapi_json,
        tag="Documentation",
        summary="This document",
        answers={200: Answer("OpenAPI 3.1.", {JSON: dict[str, JsonValue]})},
        open=True,
    ),
    Operation(
        method="GET",
        path="/docs",
        endpoint=pages.docs,
        tag="Documentation",
        summary="This document, for people",
        answers={200: Answer("A page.", {HTML: str})},
        open=True,
    ),
    Operation(
        method="GET",
        path="/docs/style.css",
        endpoint=pages.style,
        tag="Documentation",
        summary="How that page looks",
        answers={200: Answer("A style sheet.", {CSS: str})},
        open=True,
    ),
    Operation(
        method="GET",
        path="/problems/{kind}",
        endpoint=pages.problem,
        tag="Documentation",
        summary="What a `type` of a problem means",
        answers={200: Answer("A page.", {HTML: str})},
        problems=["not-found"],
        open=True,
    ),
]
