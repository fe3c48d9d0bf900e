"""What operators find under a run in Prefect: its texts, its tables, and the way to us."""

from typing import Any
from uuid import UUID

from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact

from flows._closing import Outcome
from flows._pipeline import Pipeline


async def publish(pipeline: Pipeline, outcome: Outcome, url: str, run_id: UUID) -> None:
    """Inside a flow run: a link to the page of our run; for a complete one its texts and tables as well."""
    await acreate_link_artifact(link=f"{url}/runs/{run_id}", link_text="Run in Stepglass", key="stepglass-run")
    if outcome.kind != "complete":
        return
    shown = pipeline.shown(pipeline.output.validate_python(outcome.result))
    for key, text in shown.texts.items():
        await acreate_markdown_artifact(markdown=text, key=key)
    for key, rows in shown.tables.items():
        table: list[dict[str, Any]] = rows
        await acreate_table_artifact(table=table, key=key)
