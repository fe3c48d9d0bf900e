"""The API as the command line sees it: one method per thing to ask, errors in our own words."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import httpx2 as httpx
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from cli._author import author_header
from cli._errors import BadInput, CommandFailed, NotReachable, of_problem
from events.contract import InputRequiredData, Problem
from events.view import RunView
from hosts import is_loopback

# Seconds. A stream says `ping` every 15 s, so silence for longer than this means that nobody is there.
CONNECT, READ = 5.0, 40.0
TRIES = 3
View = TypeVar("View", bound=RunView)
LINES = {"Content-Type": "application/x-ndjson"}
BOOLEAN = TypeAdapter(bool)
OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class FullView(RunView):
    """A run as `GET /api/runs/{id}` shows it. `input` and `forks` only where the API tells them."""

    result: JsonValue = None
    input: JsonValue = None
    forks: list[str] = []


class RunPage(BaseModel):
    runs: list[RunView]
    next_after: str | None = None


class ExampleInput(BaseModel):
    name: str
    input: dict[str, Any]


class Pipeline(BaseModel):
    name: str
    label: str
    examples: list[ExampleInput] = []


PIPELINES: TypeAdapter[list[Pipeline]] = TypeAdapter(list[Pipeline])


class Api:
    """Every method raises `CommandFailed` or one of its kinds."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self.http = http
        self.url = url

    async def start(
        self, pipeline: str, document: Mapping[str, Any], key: str | None = None, *, max_cost: float | None = None
    ) -> UUID:
        """Start a run, which may cost so many dollars. The key makes it safe to ask again when the answer was lost:
        there is always one."""
        limit = {} if max_cost is None else {"max_cost_usd": max_cost}
        return await self._started("/api/runs", {"pipeline": pipeline, "input": document, **limit}, key)

    async def retry(self, run_id: UUID, wish: Mapping[str, Any]) -> UUID:
        """Do a run again: with `from_step`, `input`, `max_cost_usd`, or none of them. Gives the new run."""
        return await self._started(f"/api/runs/{run_id}/retry", wish)

    async def refine(self, run_id: UUID, wish: Mapping[str, Any]) -> UUID:
        """Start the refinement of the framework of a run as it is now. Raises `NoResult` where there is none."""
        return await self._started(f"/api/runs/{run_id}/refine", wish)

    async def start_batch(self, lines: bytes, query: Mapping[str, str | float | None], key: str) -> tuple[UUID, int]:
        """Start a batch of lines of JSON; gives its id, and how many items it has."""
        params = {name: value for name, value in query.items() if value is not None}
        more = {"content": lines, "params": params}
        return _batch_in(await self._posted("/api/batches", key, headers=LINES, **more))

    async def retry_batch(self, batch_id: UUID, key: str) -> tuple[UUID, int]:
        """Do again what is not complete of a batch that has ended; gives the new one, and how many items it has."""
        return _batch_in(await self._posted(f"/api/batches/{batch_id}/retry", key))

    async def with_cost(self, batch: View) -> View:
        """The view of a batch with what its runs have cost, which its own log does not tell."""
        found = OBJECT.validate_json((await self._get(f"/api/batches/{batch.run_id}")).content)
        known = {"cost_usd": found.get("cost_usd"), "cost_complete": found.get("cost_complete", True)}
        return batch.model_copy(update=known)

    async def results(self, batch_id: UUID, media_type: str) -> AsyncGenerator[bytes]:
        """A line for each item of a batch that has ended, in pieces that may end anywhere."""
        accept = {"Accept": media_type}
        try:
            async with self.http.stream("GET", f"/api/batches/{batch_id}/results", headers=accept) as answer:
                if not answer.is_success:
                    await answer.aread()
                self._good(answer)
                async for piece in answer.aiter_bytes():
                    yield piece
        except httpx.ConnectError:
            raise NotReachable(self.url) from None
        except httpx.TransportError as error:
            raise CommandFailed(f"Not all results came: {error or type(error).__name__}. Ask for them again.") from None

    async def _started(self, path: str, body: Mapping[str, Any], key: str | None = None) -> UUID:
        return UUID(str((await self._posted(path, key or str(uuid4()), json=body))["run_id"]))

    async def _posted(self, path: str, key: str, **more: Any) -> dict[str, Any]:
        """The answer to what may be asked again when the answer was lost: the key makes it safe."""
        headers = {**more.pop("headers", {}), "Idempotency-Key": key}
        for left in reversed(range(TRIES)):
            try:
                answer = await self.http.post(path, headers=headers, **more)
                return OBJECT.validate_json(self._good(answer).content)
            except httpx.ConnectError:
                raise NotReachable(self.url) from None
            except httpx.TransportError as error:
                if not left:
                    raise CommandFailed(
                        f"The API at {self.url} does not answer: {error or type(error).__name__}."
                    ) from None
        raise AssertionError

    async def view(self, run_id: UUID) -> FullView:
        return FullView.model_validate_json((await self._get(f"/api/runs/{run_id}")).content)

    async def result(self, run_id: UUID) -> JsonValue:
        return (await self._get(f"/api/runs/{run_id}/result")).json()

    async def framework(self, run_id: UUID, version: int | None = None) -> dict[str, Any]:
        """The document that a run made, as it is now or was then. Raises `NoResult` where there is none."""
        path = f"/api/runs/{run_id}/framework" + ("" if version is None else f"/versions/{version}")
        return OBJECT.validate_json((await self._get(path)).content)

    async def apply(self, run_id: UUID, refined_by: UUID, by: str | None = None) -> int:
        """Take a refinement over into the framework of a run, in the name of `by`; gives the version that it is in."""
        path, body = f"/api/runs/{run_id}/framework/apply", {"refine_run_id": str(refined_by)}
        answer = await self._ask("POST", path, json=body, headers=author_header(by))
        return int(OBJECT.validate_json(answer.content)["version"])

    async def one_pager(self, run_id: UUID) -> str:
        return (await self._get(f"/api/runs/{run_id}/one-pager.md")).text

    async def runs(self, **query: str | int | None) -> RunPage:
        wanted = {name: value for name, value in query.items() if value is not None}
        return RunPage.model_validate_json((await self._get("/api/runs", **wanted)).content)

    async def pipelines(self) -> list[Pipeline]:
        return PIPELINES.validate_json((await self._get("/api/pipelines")).content)

    async def stats(self, days: int) -> bytes:
        """The figures of the last days, as JSON."""
        return (await self._get("/api/stats", days=days)).content

    async def cancel(self, run_id: UUID) -> str:
        """Ask for the end of a run; gives its status as of now."""
        return await self._status_after("cancel", run_id)

    async def pause(self, run_id: UUID) -> str:
        """Let no further step begin; gives the run's status as of now."""
        return await self._status_after("pause", run_id)

    async def unpause(self, run_id: UUID) -> str:
        """Let a paused run go on; gives its status as of now."""
        return await self._status_after("unpause", run_id)

    async def asked(self, run_id: UUID) -> list[InputRequiredData]:
        """What a run asks now."""
        return (await self.view(run_id)).asked or []

    async def answer(self, run_id: UUID, input_id: str, value: JsonValue) -> None:
        """Answer what a run asks. Raises `BadInput` for what the question's schema does not allow."""
        await self._ask("POST", f"/api/runs/{run_id}/inputs/{quote(input_id, safe='')}", json={"value": value})

    async def _status_after(self, wish: str, run_id: UUID) -> str:
        answer = await self._ask("POST", f"/api/runs/{run_id}/{wish}")
        return str(OBJECT.validate_json(answer.content).get("status", ""))

    async def named(self, run: str, *, pipeline: str | None = None) -> UUID:
        """The run that somebody means: its id, or `last` for the newest, perhaps of one pipeline."""
        if run != "last":
            try:
                return UUID(run)
            except ValueError:
                raise BadInput(f"{run!r} is no run's id. `stepglass runs` lists them; `last` is the newest.") from None
        page = await self.runs(limit=1, pipeline=pipeline)
        if not page.runs:
            what = "runs" if pipeline is None else f"runs of {pipeline}"
            raise CommandFailed(f"There are no {what} yet. Start one with `stepglass generate --example …`.")
        return UUID(page.runs[0].run_id)

    async def _get(self, path: str, **query: str | int) -> httpx.Response:
        return await self._ask("GET", path, params=query)

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return self._good(await self.http.request(method, path, **more))
        except httpx.ConnectError:
            raise NotReachable(self.url) from None
        except httpx.TransportError as error:
            raise CommandFailed(f"The API at {self.url} does not answer: {error or type(error).__name__}.") from None

    def _good(self, answer: httpx.Response) -> httpx.Response:
        """The answer, when it is one. Raises what the API's problem says."""
        if answer.is_success:
            return answer
        raise of_problem(answer.status_code, problem_in(answer))


def _batch_in(answer: Mapping[str, Any]) -> tuple[UUID, int]:
    return UUID(str(answer["batch_id"])), int(answer["items"])


def problem_in(answer: httpx.Response) -> Problem:
    """The problem that an answer holds; one about its status when there is none in it."""
    try:
        return Problem.model_validate_json(answer.content)
    except ValidationError:
        return Problem(title="Not an answer of Stepglass", detail=f"status {answer.status_code} from {answer.url.host}")


@asynccontextmanager
async def open_api(url: str, token: str | None = None) -> AsyncGenerator[Api, None]:
    """The API at `url`. A proxy of the environment is never asked the way to this very machine.

    Raises `BadInput` for a token that would cross a network in plain text.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = httpx.Timeout(READ, connect=CONNECT)
    parts = urlsplit(url)
    # Certificates take a moment to read, and plain HTTP needs none.
    verify, away = parts.scheme != "http", not is_loopback(parts.hostname or "")
    if token and away and not verify and not plaintext_allowed():
        raise BadInput(
            f"The token is not sent: {parts.hostname} is another machine and its address begins with http://, so that "
            "anyone on the way could read it. Use https://, or a tunnel (`ssh -L 8000:127.0.0.1:8000 HOST`). If that "
            "network is to be trusted, set STEPGLASS_ALLOW_PLAINTEXT=1."
        )
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout, trust_env=away, verify=verify) as http:
        yield Api(http, url)


def plaintext_allowed() -> bool:
    """`STEPGLASS_ALLOW_PLAINTEXT`, as the settings read it."""
    try:
        return BOOLEAN.validate_python(os.environ.get("STEPGLASS_ALLOW_PLAINTEXT") or "0")
    except ValidationError:
        raise BadInput("STEPGLASS_ALLOW_PLAINTEXT must be 1 or 0.") from None


def default_url() -> str:
    """`STEPGLASS_URL`, or where `stepglass up` listens with the same settings."""
    return os.environ.get("STEPGLASS_URL") or f"http://127.0.0.1:{os.environ.get('STEPGLASS_PORT') or 8000}"
