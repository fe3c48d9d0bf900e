"""A run that asks what is to be done with a framework, for the command line to be asked."""

from typing import Any
from uuid import UUID

from events.contract import EVENT, InputReceived
from events.log import tail
from events.store import Store
from steps.vision_framework.decision import choices, question
from steps.vision_framework.violations import violations
from tests.api.writing import Writer, accept, hold, rest_of
from tests.histories import Story
from tests.steps.vision_framework.documents import sections


def broken() -> dict[str, Any]:
    draft: dict[str, Any] = sections() | {"vision": "It has but one sentence, whatever anybody says."}
    draft["metrics"][1]["cadence"] = "yearly"
    return draft


SCHEMA = choices(broken(), violations(broken()), 2)
PROMPT = question(violations(broken()), 2)
STORY = Story().queued().started()


async def asks(store: Store, *names: str, schema: Any = None) -> tuple[UUID, Writer]:
    """A run that asks, each question by its name, and that its worker still holds."""
    run_id = await accept(store)
    writer = await hold(store, run_id)
    await writer.write(rest_of(STORY))
    for name in names or ("framework-1",):
        await writer.write_one(asked(name, schema or SCHEMA))
    return run_id, writer


def asked(name: str, schema: Any) -> Any:
    data = {
        "input_id": name,
        "schema": schema,
        "prompt": PROMPT,
        "expires_at": 4_000_000_000_000,
        "otherwise": {"value": {"action": "give_up"}},
    }
    return EVENT.validate_python({"type": "input_required", "data": data})


async def answers_to(store: Store, run_id: UUID) -> Any:
    """The first answer, as soon as it is there."""
    async for entry in tail(store.log, run_id):
        if isinstance(event := entry.event, InputReceived):
            return event.data.value


async def ends(writer: Writer) -> None:
    """The run is complete, and its worker says so."""
    await writer.write(Story().queued().started().done({"answer": 42}).events[len(STORY.events) :])
