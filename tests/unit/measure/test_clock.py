"""The phase clock, on a clock that the test turns by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure import clock as clock_module
from harness.measure.clock import TRAINING, PhaseClock
from harness.measure.device_timeline import DeviceTimeline


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
        patch.setattr(clock_module, "time", type("Clock", (), {"perf_counter": hand}))
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
        clock_module.UNATTRIBUTED: 0.625,
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
    for phase in clock_module.TRAINING:
        with clock.phase(phase):
            hand.now += 1
    assert clock.training() == len(clock_module.TRAINING)


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
    assert (totals["forward"], totals[clock_module.UNATTRIBUTED]) == (3, 4)


def test_stopping_another_phase_is_an_error_that_names_both(hand: Hand) -> None:
    clock = PhaseClock()
    clock.start("forward")
    with pytest.raises(RuntimeError, match="'backward' is not the innermost, which is 'forward'"):
        clock.stop("backward")


def test_totals_may_be_read_in_the_middle_of_a_phase(hand: Hand) -> None:
    clock = PhaseClock()
    clock.start("forward")
    hand.now += 2
    assert clock.totals()["forward"] == 2
    hand.now += 3
    clock.stop("forward")
    assert clock.totals()["forward"] == 5


class Device:
    """A device that works through its queue while the host runs ahead; both live by the same hand-turned clock."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.free_at = hand.now

    def work(self, seconds: float) -> None:
        """Queue work; the host does not wait."""
        self.free_at = max(self.free_at, self.hand.now) + seconds

    def event(self) -> Event:
        return Event(self)


class Event:
    def __init__(self, device: Device) -> None:
        self._device, self.at = device, 0.0

    def record(self) -> None:
        self.at = max(self._device.free_at, self._device.hand.now)

    def synchronize(self) -> None:
        self._device.hand.now = max(self._device.hand.now, self.at)

    def elapsed_time(self, end: Event) -> float:
        return 1000 * (end.at - self.at)


def test_an_accelerators_work_is_found_in_the_phase_that_queued_it(hand: Hand) -> None:
    device = Device(hand)
    clock = PhaseClock(DeviceTimeline(device.event))
    for _ in range(3):
        for phase, seconds in (("forward", 2.0), ("backward", 4.0), ("optimizer", 1.0)):
            with clock.phase(phase):
                hand.now += 0.25  # the host only queues
                device.work(seconds)
    assert clock.training() == pytest.approx(9 * 0.25)  # the host's view, without waiting
    clock.settle()
    totals = clock.totals()
    # The device began when the host had queued the first work.
    assert totals == pytest.approx({"forward": 6.25, "backward": 12.0, "optimizer": 3.0})
    assert clock.training() == pytest.approx(21.25)
    assert clock.total() == pytest.approx(hand.now - 100.0)


def test_waiting_for_data_counts_only_as_far_as_it_kept_the_device_waiting(hand: Hand) -> None:
    device = Device(hand)
    clock = PhaseClock(DeviceTimeline(device.event))
    with clock.phase("forward"):
        device.work(10.0)
    with clock.phase("data_wait"):
        hand.now += 7.0  # the device is busy meanwhile
    with clock.phase("forward"):
        device.work(10.0)
    with clock.phase("data_wait"):
        hand.now += 16.0  # three seconds longer than the device is busy
    with clock.phase("forward"):
        device.work(1.0)
    totals = clock.totals()
    assert totals["forward"] == pytest.approx(21.0)
    assert totals["data_wait"] == pytest.approx(3.0)


@given(st.lists(st.tuples(st.sampled_from(["start", "stop", "wait"]), st.sampled_from(TRAINING), st.integers(0, 64))))
def test_phases_always_add_up_to_the_wall_time(moves: list[tuple[str, str, int]]) -> None:
    hand, open_phases = Hand(), list[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock_module, "time", type("Clock", (), {"perf_counter": hand}))
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
