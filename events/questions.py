"""Questions to a person that a run does not ask, or not any more."""

from collections.abc import Sequence

from events.contract import InputReceived
from events.errors import Answered, StoreError, UnknownInput
from events.log import Entry


def not_asked(input_id: str, entries: Sequence[Entry]) -> StoreError:
    """Why there is nothing to be answered; `entries` are the answers that are in the log."""
    events = (entry.event for entry in entries)
    if any(isinstance(event, InputReceived) and event.data.input_id == input_id for event in events):
        return Answered(f"The question '{input_id}' is answered.")
    return UnknownInput(f"The run asks no question '{input_id}'.")
