"""A batch from the terminal to its results, over the death of a worker and started again."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from events.store import Store
from tests import vision
from tests.e2e.runs import asked
from tests.e2e.stack import ROOT, Stack
from tests.scripted_model import ScriptedModelServer
from tests.scripted_replies import Gate

pytestmark = pytest.mark.timeout(300)
BRIEFS = ROOT / "docs" / "examples" / "briefs.jsonl"


async def batch(url: str, output: Path, *options: str) -> tuple[int, str, list[dict[str, Any]]]:
    """The exit code, what was said, and the results."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "batch", str(BRIEFS), "--url", url, "--output", str(output), *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    lines = (await anyio.Path(output).read_text()).splitlines()
    return process.returncode, said.decode(), [json.loads(line) for line in lines]


async def test_a_batch_outlives_its_worker_and_started_again_does_nothing_twice(
    stack: Stack, postgres_store: Store, model: ScriptedModelServer, tmp_path: Path
):
    gate = Gate()
    model.answers("one_pager", vision.one_pager().holding(gate, after=5), vision.one_pager())
    worker, url = await stack.worker(), await stack.api()

    async with asyncio.timeout(200), asyncio.TaskGroup() as group:
        first = group.create_task(batch(url, tmp_path / "first.jsonl", "--concurrency", "1"))
        await gate.reached.wait()
        await worker.kill()
        gate.open()
        await stack.worker()
    code, said, results = first.result()

    keys = [json.loads(line)["key"] for line in BRIEFS.read_text().splitlines()]
    assert code == 0, said
    assert [(line["key"], line["status"], line["skipped"]) for line in results] == [
        (key, "complete", False) for key in keys
    ]
    assert all(line["result"]["one_pager"] for line in results)
    assert "3 of 3 complete" in said and "goes on" in said
    # Two calls for each brief and one for each framework; of one-pagers one broke off.
    once = {step: asked(model, step) for step in ("brief", "framework", "one_pager")}
    assert once == {"brief": 6, "framework": 3, "one_pager": 4}

    code, said, again = await batch(url, tmp_path / "again.jsonl")

    assert code == 0 and "3 of 3 complete (3 skipped)" in said, said
    assert [{**line, "skipped": False} for line in again] == results
    assert {step: asked(model, step) for step in once} == once
