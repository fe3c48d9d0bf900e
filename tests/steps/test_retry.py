"""When to try again."""

import pytest

from llm.errors import RateLimited, StreamCut
from steps._retry import RetryPolicy
from steps.errors import StepFailed, problem_of, retryable


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.5, 1), (2, 1, 2), (3, 2, 4), (9, 15, 30)])
def test_the_wait_doubles_up_to_a_cap_and_half_of_it_is_chance(failures: int, least: float, most: float):
    waits = [RetryPolicy().wait(failures, StreamCut("cut")) for _ in range(200)]

    assert least <= min(waits) < max(waits) <= most
    assert max(waits) - min(waits) > (most - least) / 2, "runs that failed together must not come back together"


def test_what_the_server_asks_for_is_waited_for_never_less():
    waits = [RetryPolicy().wait(1, RateLimited("slow down", retry_after=7)) for _ in range(200)]

    assert 7 <= min(waits) < max(waits) <= 7.7
    assert max(waits) - min(waits) > 0.35, "a server that is down says the same to everybody"


def test_a_server_that_asks_for_an_hour_is_waited_for_up_to_the_cap():
    assert 30 <= RetryPolicy().wait(1, RateLimited("slow down", retry_after=3600)) <= 33


def test_only_errors_that_another_attempt_can_help_are_tried_again():
    assert retryable(StreamCut("cut"))
    assert retryable(TimeoutError())
    assert retryable(StepFailed("no", "no", retryable=True))
    assert not retryable(StepFailed("no", "no"))
    assert not retryable(KeyError("bug"))


def test_a_problem_never_holds_the_text_of_an_error_that_nobody_foresaw():
    assert "secret" not in problem_of(RuntimeError("secret"), "qa").model_dump_json()
