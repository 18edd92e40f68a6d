"""The phase clock, on a clock that the test turns by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.training import timing
from harness.training.timing import PhaseClock


class Hand:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand() -> Iterator[Hand]:
    # Replaced by hand, since hypothesis and pytest read time.perf_counter too.
    hand = Hand()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "time", type("Clock", (), {"perf_counter": hand}))
        yield hand


def test_each_delay_lands_in_its_own_phase(hand: Hand) -> None:
    clock = PhaseClock()
    for phase, delay in [
        ("data_wait", 1.0),
        ("forward", 2.0),
        ("backward", 4.0),
        ("optimizer", 8.0),
        ("checkpoint", 16.0),
    ]:
        with clock.phase(phase):
            hand.now += delay
        hand.now += 0.125  # between phases
    assert clock.totals() == {
        "data_wait": 1.0,
        "forward": 2.0,
        "backward": 4.0,
        "optimizer": 8.0,
        "checkpoint": 16.0,
        timing.UNATTRIBUTED: 0.625,
    }


def test_an_inner_phase_pauses_the_outer_one(hand: Hand) -> None:
    clock = PhaseClock()
    with clock.phase("other"):
        hand.now += 1
        with clock.phase("forward"):
            hand.now += 10
            with clock.phase("validation"):
                hand.now += 100
            hand.now += 10
        hand.now += 1
    totals = clock.totals()
    assert (totals["other"], totals["forward"], totals["validation"]) == (2, 20, 100)


def test_training_time_excludes_validation_checkpoint_and_logging(hand: Hand) -> None:
    clock = PhaseClock()
    for phase in ("setup", "data_preparation", "validation", "evaluation", "checkpoint", "logging"):
        with clock.phase(phase):
            hand.now += 1000
    for phase in timing.TRAINING:
        with clock.phase(phase):
            hand.now += 1
    assert clock.training() == len(timing.TRAINING)


def test_a_phase_that_raises_is_closed(hand: Hand) -> None:
    clock = PhaseClock()

    def fail() -> None:
        with clock.phase("forward"):
            hand.now += 3
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        fail()
    hand.now += 4
    totals = clock.totals()
    assert (totals["forward"], totals[timing.UNATTRIBUTED]) == (3, 4)


def test_stopping_another_phase_is_an_error_that_names_both(hand: Hand) -> None:
    clock = PhaseClock()
    clock.start("forward")
    with pytest.raises(RuntimeError, match=r"'backward' is not the innermost of \['forward'\]"):
        clock.stop("backward")


def test_totals_may_be_read_in_the_middle_of_a_phase(hand: Hand) -> None:
    clock = PhaseClock()
    clock.start("forward")
    hand.now += 2
    assert clock.totals()["forward"] == 2
    hand.now += 3
    clock.stop("forward")
    assert clock.totals()["forward"] == 5


@given(
    st.lists(
        st.tuples(st.sampled_from(["start", "stop", "wait"]), st.sampled_from(timing.TRAINING), st.integers(0, 64))
    )
)
def test_phases_always_add_up_to_the_wall_time(moves: list[tuple[str, str, int]]) -> None:
    hand, open_phases = Hand(), list[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "time", type("Clock", (), {"perf_counter": hand}))
        clock = PhaseClock()
        for move, phase, delay in moves:
            if move == "start":
                clock.start(phase)
                open_phases.append(phase)
            elif move == "stop" and open_phases:
                clock.stop(open_phases.pop())
            hand.now += delay
        assert sum(clock.totals().values()) == clock.total() == hand.now - 100.0


def test_the_real_clock_is_monotonic() -> None:
    assert time.get_clock_info("perf_counter").monotonic
    clock = PhaseClock()
    assert 0 <= clock.total() <= clock.total()
