"""Thousands of generated requests against a running API, each answer compared with our own OpenAPI document.

    python -m tests.faults.cases [--cases 5000] [--seed 1]

They are asked as the owner of the runs, as nobody in particular, and with a token for one run; on PostgreSQL.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import httpx2
import jsonschema
import schemathesis
import structlog
from jsonschema import Draft202012Validator
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import Interaction, ScenarioRecorder

from api.openapi import document
from api.operations import OPERATIONS
from events.embedded import embedded_postgres
from tests.faults.site import TOKEN, Site, site_on

Who = Literal["owner", "nobody", "one-run token"]
ALL, DRAWN = ("examples", "coverage", "fuzzing", "stateful"), ("fuzzing",)
NDJSON = "application/x-ndjson"
MOST_SHOWN = 20
# Why a request that breaks the schema may be refused. Preconditions come before the content (RFC 9110, section 13.2.1).
REFUSED = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 429]
CHECKS = {
    "negative_data_rejection": {"expected-statuses": REFUSED},
    # A schema cannot say that a vision has two sentences, or which version a document is at by now.
    "positive_data_acceptance": {"enabled": False},
}


@schemathesis.serializer(NDJSON)
def as_lines(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A body of lines: one for each element of a list, and else one alone."""
    documents = cast("list[Any]", value) if isinstance(value, list) else [value]
    return b"".join(json.dumps(each).encode() + b"\n" for each in documents)


@dataclass
class Report:
    """What was asked and answered. A finding is what was wrong, where, and how to ask again."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    asked: Counter[str] = field(default_factory=Counter[str])
    findings: dict[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        asked = ", ".join(f"{count} as {who}" for who, count in self.asked.items())
        answered = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        shown = [f"{what}\n{how}" for what, how in list(self.findings.items())[:MOST_SHOWN]]
        return "\n".join([f"{self.cases} cases ({asked}), answered {answered}: {len(self.findings)} findings", *shown])

    def found(self, what: str, how: str) -> None:
        self.findings.setdefault(what, how)


@dataclass(frozen=True)
class Round:
    """One pass over all operations. `drawn` are the most cases that are drawn for each of them."""

    who: Who
    seed: int
    phases: tuple[str, ...] = DRAWN
    drawn: int = 8
    accept: str | None = None


def the_document() -> dict[str, Any]:
    """As it is for an API that has tokens, and with a version in `If-Match` that is always there."""
    told: dict[str, Any] = json.loads(json.dumps(document(OPERATIONS)))
    told["security"] = [{"bearer": []}]
    for methods in told["paths"].values():
        for parameter in (each for operation in methods.values() for each in operation["parameters"]):
            if parameter["name"] == "If-Match":
                parameter["example"] = "*"
    return told


def configured(asked: Round, site: Site) -> SchemathesisConfig:
    values: dict[str, list[Any]] = {
        "run_id": [str(run_id) for run_id in site.runs.values()],
        "batch_id": [str(site.runs[name]) for name in ("batch", "live batch", "made")],
        "input_id": ["input-1"],
        "version": [1, 2, 3],
        "kind": ["invalid-input", "unknown-run"],
        "If-Match": ["*", '"1"'],
        "name": ["portfolio"],
    }
    token = {"owner": TOKEN, "nobody": None, "one-run token": site.token}[asked.who]
    plain: dict[str, Any] = {
        "base-url": site.url,
        "seed": asked.seed,
        "workers": 1,
        "continue-on-failure": True,
        "max-redirects": 0,
        "request-timeout": 30,
        "generation": {"max-examples": asked.drawn, "database": "none", "no-shrink": True},
        "phases": {name: {"enabled": name in asked.phases} for name in ALL},
        "checks": CHECKS,
        "dictionaries": {name.lower(): {"values": known} for name, known in values.items()},
        "parameters": {name: {"dictionary": name.lower(), "probability": 0.8} for name in values},
    }
    if token is not None:
        plain["auth"] = {"openapi": {"bearer": {"bearer": token}}}
    if asked.accept is not None:
        plain["headers"] = {"Accept": asked.accept}
    return SchemathesisConfig.from_dict(plain)  # pyright: ignore[reportUnknownMemberType] # says no more than `dict`


def ask(asked: Round, site: Site, report: Report) -> None:
    """One round; what is wrong goes into the report."""
    told = the_document()
    schema = schemathesis.openapi.from_dict(told, config=configured(asked, site))
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            judge(event.recorder, asked, told, report)
        elif isinstance(event, events.NonFatalError):
            report.found(f"{event.label}: {event.value!r}", f"seed {asked.seed}")
        elif isinstance(event, events.FatalError):
            raise event.exception


def judge(recorder: ScenarioRecorder, asked: Round, told: dict[str, Any], report: Report) -> None:
    for interaction in recorder.interactions.values():
        report.cases += 1
        report.asked[asked.who] += 1
        if interaction.response is not None:
            report.statuses[interaction.response.status_code] += 1
        for what in wrong_with(interaction, recorder.label, told):
            report.found(f"{recorder.label}: {what}", f"{interaction.request.method} {interaction.request.uri}")
    for node in (node for checks in recorder.checks.values() for node in checks):
        if node.failure_info is not None:
            failure = node.failure_info.failure
            what = f"{recorder.label}: {node.name}: {failure.title}"
            report.found(what, f"{failure.message}\n{node.failure_info.code_sample}")


def wrong_with(interaction: Interaction, label: str, told: dict[str, Any]) -> Iterator[str]:
    """What Schemathesis does not ask: has this operation such a problem, is each line of a stream as it should be?"""
    response = interaction.response
    if response is None:
        yield "no answer"
        return
    if response.status_code >= 500:
        yield f"{response.status_code}: {response.text[:500]}"
    method, _, path = label.partition(" ")
    answers = told["paths"].get(path, {}).get(method.lower(), {}).get("responses", {})
    answer = answers.get(str(response.status_code))
    kinds = response.headers.get("content-type") or [""]
    if answer is None or interaction.request.method != method:
        return
    if kinds[0] == "application/problem+json" and f"(`{response.json()['type']}`)" not in answer["description"]:
        yield f"{response.status_code} {response.json()['type']} is not told of"
    if kinds[0] == NDJSON:
        schema = {**answer["content"][NDJSON]["schema"], "components": told["components"]}
        for line in response.content.splitlines():
            try:
                jsonschema.validate(json.loads(line), schema, cls=Draft202012Validator)
            except ValueError as error:
                yield f"a line is not JSON: {error}"
            except jsonschema.ValidationError as error:
                yield f"a line is not as it should be: {error.message[:300]}"


def rounds(cases: int, seed: int) -> Iterator[Round]:
    """For some hundred cases they are drawn alone; for thousands, every limit of every schema is tried as well."""
    if cases >= 2000:
        yield Round("owner", seed, ALL, drawn=20)
    while True:
        seed += 1
        yield Round("owner", seed, drawn=4 if cases < 2000 else 20)
        yield Round("nobody", seed, drawn=1 if cases < 2000 else 4)
        yield Round("one-run token", seed, drawn=1 if cases < 2000 else 4)
        yield Round("owner", seed, drawn=1 if cases < 2000 else 4, accept=NDJSON)


def generated(store_url: str, cases: int, seed: int) -> Report:
    """At least so many cases against an API on the store at `store_url`."""
    report = Report()
    with site_on(store_url) as site:
        asking = {"Authorization": f"Bearer {TOKEN}"}
        made = httpx2.post(f"{site.url}/api/runs/{site.runs['made']}/token", headers=asking)
        site.token = made.json()["token"]
        for each in rounds(cases, seed):
            ask(each, site, report)
            if report.cases >= cases:
                return report
    raise AssertionError("there is always another round")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="stepglass-cases-") as folder:
        with embedded_postgres(Path(folder), databases=("cases",)) as url:
            report = generated(url, given.cases, given.seed)
    sys.stdout.write(f"seed {given.seed}: {report}\n")
    sys.exit(bool(report.findings))


if __name__ == "__main__":
    main()
