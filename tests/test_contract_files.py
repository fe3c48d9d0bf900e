"""What is generated from our code is up to date, and says what really goes over the wire."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from events.contract import (
    Complete,
    CompleteData,
    Event,
    Expected,
    InputRequired,
    InputRequiredData,
    ModelChunk,
    ModelChunkData,
    PlannedStep,
    Problem,
    RunQueued,
    RunQueuedData,
    RunStart,
    RunStartData,
    StepRetry,
    StepRetryData,
    StepStart,
)
from events.frames import Control, Ping, Snapshot, StreamGap, StreamOpen, Working
from events.log import Entry, encode

ROOT = Path(__file__).parent.parent
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "contract.schema.json").read_text(encoding="utf-8"))
VALIDATOR: Any = Draft202012Validator(SCHEMA)
RUN = UUID("01930000-0000-7000-8000-000000000001")
PROBLEM = Problem(title="The answer broke off", detail="After 12 words.")
EVENTS: list[Event] = [
    RunQueued(data=RunQueuedData(pipeline="vision_framework", title="Acme")),
    RunStart(
        data=RunStartData(
            pipeline="vision_framework",
            plan=[PlannedStep(step="qa", label="QA", expected_ms=Expected(p50=1, p90=2, n=0))],
        )
    ),
    StepStart(step="qa"),
    ModelChunk(step="scoring", lane="vision", data=ModelChunkData(text="a", covers=(4, 9))),
    StepRetry(step="qa", data=StepRetryData(problem=PROBLEM, next_attempt_in_ms=200, supersedes=(4, 9))),
    InputRequired(
        data=InputRequiredData.model_validate({"input_id": "i", "schema": {"type": "string"}, "prompt": "Go on?"})
    ),
    Complete(progress=100, duration=12, data=CompleteData(result={"a": None})),
]
FRAMES: list[Control] = [
    StreamOpen(mode="replay", oldest_seq=1, tail_seq=9),
    Working(step="qa", elapsed_ms=2000),
    Ping(tail_seq=9),
    StreamGap(requested_after=12, oldest_seq=1, tail_seq=9, reason="restored"),
    Snapshot(tail_seq=9, run={}),
]


def on_the_wire(event: Event) -> dict[str, Any]:
    return json.loads(Entry(RUN, 1, event.type, encode(event)).line)


@pytest.mark.parametrize("script", ["settings_doc", "schema"])
def test_a_generated_file_is_up_to_date(script: str) -> None:
    command = [sys.executable, f"scripts/{script}.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_is_as_the_schema_says(event: Event) -> None:
    VALIDATOR.validate(on_the_wire(event))


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.type)
def test_a_frame_is_as_the_schema_says(frame: Control) -> None:
    VALIDATOR.validate(frame.model_dump(exclude_none=True))


@pytest.mark.parametrize("field", ["v", "run_id", "seq", "ts", "step", "attempt", "data"])
def test_an_event_without_a_field_that_is_always_there_is_refused(field: str) -> None:
    event = on_the_wire(EVENTS[2])
    del event[field]
    assert not VALIDATOR.is_valid(event)


def test_an_event_of_an_unknown_type_is_not_in_the_contract() -> None:
    assert not VALIDATOR.is_valid(on_the_wire(EVENTS[2]) | {"type": "step_begun"})


LOCKS = ("requirements.lock", "requirements-node.lock", "requirements-dev.lock", "requirements-bench.lock")


def test_the_lock_files_pin_everything_with_hashes_and_name_no_host() -> None:
    for name in (*LOCKS, "requirements-audit.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text and "--index" not in text and "--find-links" not in text
        for block in text.replace("\\\n", " ").splitlines():
            if block and not block.startswith((" ", "#")):
                assert "==" in block and "--hash=sha256:" in block, block


def test_the_tests_run_on_the_same_versions_as_everybody() -> None:
    run, node, dev, bench = (
        {line.split(" ")[0] for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if "==" in line}
        for name in LOCKS
    )
    assert run <= dev and node <= dev and dev <= bench


def test_the_front_ends_lock_names_no_registry() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    packages: dict[str, dict[str, Any]] = lock["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for path, package in packages.items() if path)
