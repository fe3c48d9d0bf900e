"""Every address of the API and what is to be said of it: the application routes by this table."""

from starlette.routing import Route

from api._batch_operations import BATCH_OPERATIONS
from api._document_operations import DOCUMENT_OPERATIONS
from api._operation import Operation
from api._run_operations import RUN_OPERATIONS
from api._service_operations import SERVICE_OPERATIONS
from api._stats_operations import STATS_OPERATIONS
from api.change_rate import counted

OPERATIONS: list[Operation] = [
    *RUN_OPERATIONS,
    *DOCUMENT_OPERATIONS,
    *BATCH_OPERATIONS,
    *STATS_OPERATIONS,
    *SERVICE_OPERATIONS,
]


def routes() -> list[Route]:
    return [
        Route(
            each.path, counted(each.endpoint) if each.is_change else each.endpoint, methods=[each.method], name=each.id
        )
        for each in OPERATIONS
    ]
