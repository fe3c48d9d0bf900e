"""`prefect.yaml`, checked strictly: Prefect itself passes over typos and schedules that never fire."""

import importlib.metadata
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from cronsim import CronSim

from flows import deployments
from flows.catalogue import CATALOGUE

TOLD: dict[str, Any] = yaml.safe_load((Path(__file__).parent.parent.parent / "prefect.yaml").read_text())
TOP = {"prefect-version", "name", "pull", "deployments"}
DEPLOYMENT = {"name", "entrypoint", "version", "description", "tags", "work_pool", "parameters", "schedules"}
POOL = {"name", "work_queue_name", "job_variables"}
SCHEDULE = {"cron", "timezone", "slug", "active", "parameters"}


def test_every_key_is_one_that_prefect_knows():
    assert set(TOLD) <= TOP
    for deployment in TOLD["deployments"]:
        assert set(deployment) <= DEPLOYMENT
        assert set(deployment["work_pool"]) <= POOL
        for schedule in deployment.get("schedules", []):
            assert set(schedule) <= SCHEDULE


def test_it_is_written_for_the_prefect_that_is_locked():
    assert TOLD["prefect-version"] == importlib.metadata.version("prefect")


@pytest.mark.parametrize("deployment", TOLD["deployments"], ids=lambda each: each["name"])
def test_every_entrypoint_is_a_flow_in_module_form(deployment: dict[str, Any]):
    module, _, name = deployment["entrypoint"].rpartition(".")

    assert module == "flows.deployments", "a path would load a second copy of the module"
    assert getattr(deployments, name).name == name.replace("_", "-"), "by which `flows.serving` looks for it"


def test_every_pipeline_has_a_deployment_and_there_is_one_for_doing_a_run_again():
    assert {each["entrypoint"].rpartition(".")[2] for each in TOLD["deployments"]} == {*CATALOGUE, "retry_step"}


def test_the_form_for_doing_a_run_again_asks_for_the_run_and_offers_the_step():
    form = deployments.retry_step.parameters

    assert list(form.properties) == ["run_id", "from_step"]
    assert form.required == ["run_id"]


def test_every_schedule_fires():
    for deployment in TOLD["deployments"]:
        for schedule in deployment.get("schedules", []):
            next(CronSim(schedule["cron"], datetime.now(ZoneInfo(schedule["timezone"]))))


@pytest.mark.parametrize("deployment", TOLD["deployments"], ids=lambda each: each["name"])
def test_what_it_is_started_with_is_what_its_flow_takes(deployment: dict[str, Any]):
    flow = getattr(deployments, deployment["entrypoint"].rpartition(".")[2])
    given = [
        deployment.get("parameters", {}),
        *(each.get("parameters", {}) for each in deployment.get("schedules", [])),
    ]

    for parameters in given:
        assert set(parameters) <= set(flow.parameters.properties)
    if "schedules" in deployment:  # nobody fills in a form by night
        assert set(flow.parameters.required) <= set(given[0])


def test_a_batch_is_done_every_night_at_three_where_there_is_a_file_for_it():
    (batch,) = (each for each in TOLD["deployments"] if each["name"] == "batch")

    assert batch["schedules"] == [{"slug": "nightly", "cron": "0 3 * * *", "timezone": "UTC", "active": True}]
    assert batch["parameters"] == {"file": "nightly.jsonl", "pipeline": "vision_framework", "concurrency": 10}
    assert [each["name"] for each in TOLD["deployments"] if "schedules" in each] == ["batch"]
