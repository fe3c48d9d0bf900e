"""Progress between the events: the bar moves and the time left shrinks while a step is at work."""

import asyncio

from events.contract import Progress, ProgressData
from steps._run import Run

STEP = 1.0
"""Percent of the whole run that a viewer can see."""


async def tick(run: Run, every: float = 0.5) -> None:
    """Emit `progress` for the step that a viewer waits for, when percent or time left changed by enough to be seen."""
    shown, eta = -1.0, 0
    while True:
        await asyncio.sleep(every)
        step = run.pace.slowest()
        place = next((place for place, past in run.journal.places.items() if place[0] == step and past.open), None)
        if step is None or place is None:
            continue
        percent, left = run.pace.percent(), run.pace.left_ms()
        if percent - shown < STEP and abs(left - eta) < max(1000, eta // 10):
            continue
        shown, eta = percent, left
        data = ProgressData(step_progress=round(100 * run.pace.part(step), 1), eta_ms=left, basis=run.pace.basis(step))
        attempt, (_, lane, turn) = run.journal.past(place).attempts, place
        run.say(Progress(step=step, attempt=attempt, lane=lane, round=turn, progress=percent, data=data))
