"""How far a run is, and how long it will take."""

from hypothesis import given, strategies as st

from events.contract import Expected, PlannedStep
from steps._pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def planned(step: str, seconds: float, *after: str, n: int = 0) -> PlannedStep:
    expected = Expected(p50=int(seconds * 1000), p90=int(seconds * 2000), n=n)
    return PlannedStep(step=step, label=step, after=list(after), expected_ms=expected)


PLAN = [planned("draft", 20), planned("brief", 10), planned("check", 10, "draft")]


def test_a_step_counts_for_as_much_of_the_bar_as_it_usually_takes():
    pace = Pace(PLAN)
    pace.begin("draft")
    pace.end("draft")

    assert pace.percent() == 50.0


def test_an_open_step_fills_its_share_and_never_all_of_it():
    clock = Clock()
    pace = Pace(PLAN, clock=clock)
    pace.begin("draft")
    shown: list[float] = []
    for clock.now in (0, 10, 20, 60):
        shown.append(pace.percent())

    assert shown == sorted(shown)
    assert shown[1] == 22.5
    assert shown[-1] < 50


def test_the_time_left_is_that_of_the_longest_way():
    clock = Clock()
    pace = Pace(PLAN, clock=clock)
    pace.begin("draft")
    pace.begin("brief")
    assert pace.left_ms() == 30_000

    clock.now = 15
    assert pace.left_ms() == 15_000
    assert pace.slowest() == "draft"


def test_a_step_that_works_beside_what_it_waits_for_in_the_end_takes_no_longer_for_it():
    clock = Clock()
    pace = Pace([planned("draft", 20), planned("score", 16, "draft")], clock=clock)
    assert pace.left_ms() == 36_000
    pace.begin("draft")
    clock.now = 5
    pace.begin("score")
    assert pace.left_ms() == 16_000
    clock.now = 15
    assert pace.left_ms() == 6_000


def test_a_late_step_is_expected_to_take_a_little_longer_still():
    clock = Clock()
    pace = Pace([planned("draft", 20)], clock=clock)
    pace.begin("draft")
    clock.now = 40

    assert 0 < pace.left_ms() < 20_000


def test_a_step_that_waits_to_be_tried_again_is_not_at_work():
    pace = Pace(PLAN)
    pace.begin("draft")
    pace.rest("draft")

    assert pace.open == []
    assert pace.slowest() is None


def test_what_was_shown_before_a_crash_is_not_taken_back():
    assert Pace(PLAN, floor=61.5).percent() == 61.5


def test_durations_measured_and_declared_are_told_apart():
    pace = Pace([planned("draft", 20, n=7), planned("check", 5)])

    assert (pace.basis("draft"), pace.basis("check")) == ("history", "declared")


def test_a_plan_that_goes_round_in_a_circle_still_has_an_end():
    assert Pace([planned("a", 1, "b"), planned("b", 1, "a")]).left_ms() > 0


@given(st.lists(st.tuples(st.sampled_from(["begin", "rest", "end", "wait"]), st.sampled_from("abc"), st.floats(0, 99))))
def test_progress_never_goes_down_and_stays_within_its_bounds(moves: list[tuple[str, str, float]]):
    clock = Clock()
    pace = Pace([planned("a", 3), planned("b", 5, "a"), planned("c", 0)], clock=clock)
    last = 0.0
    for move, step, seconds in moves:
        clock.now += seconds
        if move != "wait":
            getattr(pace, move)(step)
        assert last <= pace.percent() <= 100
        last = pace.percent()
