"""The table of what is counted: the figures, and who leaves a run."""

from api import leaving, stats
from api._operation import JSON, RUN, Answer, Operation

STATS_OPERATIONS: list[Operation] = [
    Operation(
        method="GET",
        path="/api/stats",
        endpoint=stats.show_stats,
        tag="Figures",
        summary="How it has been going: runs, times, failures and cost of the last days",
        answers={200: Answer("The figures of this tenant.", {JSON: stats.StatsBody})},
        problems=["bad-request", "unavailable"],
        parameters=["days"],
    ),
    Operation(
        method="POST",
        path="/api/runs/{run_id}/abandoned",
        endpoint=leaving.leave_run,
        tag="Figures",
        summary="Say that a viewer has left a run that goes on, or is back",
        answers={204: Answer("Counted, where there is anything to be counted: a run that has ended cannot be left.")},
        problems=RUN,
        takes=leaving.Leaving,
        media=leaving.TYPES,
        body_optional=True,
    ),
]
