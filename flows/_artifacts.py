"""The artifacts of a run in Prefect: its texts, its tables, and a link to us.

This is a border: Prefect's page renders the Markdown and the HTML of an artifact, pictures from other servers included,
so a model's text could report to a stranger who looks at it, and when. All text passes `plain`.
"""

from typing import Any
from uuid import UUID

from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact, acreate_table_artifact

from events.text import visible
from flows._closing import Outcome
from flows._pipeline import Pipeline


async def publish(pipeline: Pipeline, outcome: Outcome, url: str, run_id: UUID, *, documents: bool) -> None:
    """Inside a flow run: a link to the page of our run; with `documents`, of a complete one its texts and tables."""
    await acreate_link_artifact(link=f"{url}/runs/{run_id}", link_text="Run in Stepglass", key="stepglass-run")
    if outcome.kind != "complete" or not documents:
        return
    shown = pipeline.shown(pipeline.output.validate_python(outcome.result))
    for key, text in shown.texts.items():
        await acreate_markdown_artifact(markdown=plain(text), key=key)
    for key, rows in shown.tables.items():
        await acreate_table_artifact(table=plain_rows(rows), key=key)


def plain(markdown: str) -> str:
    """Markdown that is safe to show and for which no page asks another server: without HTML, and with links in place of
    pictures."""
    # A space, not nothing: of two marks before a bracket the first would make a picture again.
    return visible(markdown).replace("<", "&lt;").replace("![", "! [")


def plain_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same for every text in a table."""
    return [{name: plain(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows]
