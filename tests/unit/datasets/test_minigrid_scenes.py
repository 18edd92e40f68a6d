"""The scripts of the simulated clips: what they show, and that only the order of frames tells the actions apart."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from harness_datasets.action_recognition._minigrid_scenes import (
    ACTIONS,
    CELLS,
    EMPTY,
    FIRST_AGENT,
    FIRST_DOOR,
    FIRST_THING,
    NUM_THINGS,
    NUM_TILES,
    WALL,
    Room,
    script,
    scripts,
)
from hypothesis import given
from hypothesis import strategies as st

EXPECTED = {  # states that an observer sees in turn: (carried, open), "*" for what stays as it is
    "pick_up": (("carried",), (False, True)),
    "put_down": (("carried",), (True, False)),
    "pick_up_put_back": (("carried",), (False, True, False)),
    "put_down_pick_up": (("carried",), (True, False, True)),
    "open": (("open",), (False, True)),
    "close": (("open",), (True, False)),
    "open_close": (("open",), (False, True, False)),
    "close_open": (("open",), (True, False, True)),
}


def observe(clip: np.ndarray) -> dict[str, np.ndarray]:
    """Read carried, open and the agent's direction, each (T,), off the tiles alone."""
    agents = clip.reshape(len(clip), -1).max(axis=1).astype(int) - FIRST_AGENT
    doors = [int(frame[(frame >= FIRST_DOOR) & (frame < FIRST_AGENT)][0]) - FIRST_DOOR for frame in clip]
    return {
        "carried": agents % (NUM_THINGS + 1) > 0,
        "open": np.array(doors) % 2 == 1,
        "direction": agents // (NUM_THINGS + 1),
    }


def runs(values: np.ndarray) -> tuple[bool, ...]:
    """Values without their repetitions."""
    return tuple(bool(v) for i, v in enumerate(values) if i == 0 or v != values[i - 1])


rooms = st.builds(
    Room,
    frames=st.integers(8, 24),
    clutter=st.integers(0, 6),
    distractors=st.integers(0, 3),
    turns=st.floats(0, 1),
)
seeds = st.integers(0, 2**32 - 1)


@given(st.sampled_from(ACTIONS), rooms, seeds)
def test_a_script_shows_its_action_and_changes_nothing_else(action: str, room: Room, seed: int) -> None:
    seen = observe(script(action, room, np.random.default_rng(seed)))
    (about,), states = EXPECTED[action]
    constant = "open" if about == "carried" else "carried"
    assert runs(seen[about]) == states
    assert len(runs(seen[constant])) == 1


@given(st.sampled_from(ACTIONS), rooms, seeds)
def test_the_room_never_changes_its_layout(action: str, room: Room, seed: int) -> None:
    clip = script(action, room, np.random.default_rng(seed))
    assert clip.shape == (room.frames, CELLS, CELLS)
    assert clip.dtype == np.uint8
    assert clip.max() < NUM_TILES
    border = np.ones((CELLS, CELLS), dtype=bool)
    border[1:-1, 1:-1] = False
    for frame in clip:
        assert (frame[border] != WALL).sum() == 1, "one door in the walls"
        assert ((frame >= FIRST_DOOR) & (frame < FIRST_AGENT)).sum() == 1
        assert (frame >= FIRST_AGENT).sum() == 1, "one agent"
        assert (frame[1:-1, 1:-1] != WALL).all()


@given(st.sampled_from(ACTIONS), rooms, seeds)
def test_nothing_is_lost_while_it_is_carried(action: str, room: Room, seed: int) -> None:
    clip = script(action, room, np.random.default_rng(seed))
    lying = ((clip >= FIRST_THING) & (clip < FIRST_DOOR)).reshape(len(clip), -1).sum(axis=1)
    together = lying + observe(clip)["carried"]
    assert len(set(together.tolist())) == 1


@given(st.sampled_from(ACTIONS), rooms, seeds)
def test_the_agent_looks_at_what_it_handles_and_all_is_still_before_and_after(
    action: str, room: Room, seed: int
) -> None:
    clip = script(action, room, np.random.default_rng(seed))
    seen = observe(clip)
    state = seen[EXPECTED[action][0][0]]
    changes = np.flatnonzero(np.diff(state.astype(int))) + 1
    assert changes[0] >= 2
    assert changes[-1] <= room.frames - 2
    y, x = np.argwhere(clip[0] >= FIRST_AGENT)[0]
    for t in changes:
        for moment in (t - 1, t):  # the direction may change before and after, not during
            dx, dy = ((1, 0), (0, 1), (-1, 0), (0, -1))[seen["direction"][moment]]
            assert clip[t - 1, y + dy, x + dx] != clip[t, y + dy, x + dx]


def test_still_rooms_hold_only_the_action() -> None:
    clip = script("open", Room(clutter=0, distractors=0, turns=0), np.random.default_rng(3))
    changed = (np.diff(clip.astype(int), axis=0) != 0).sum(axis=(1, 2))
    assert changed.sum() == 1
    assert (clip[:, 1:-1, 1:-1] == EMPTY).sum(axis=(1, 2)).min() >= 34


def test_distractors_move_and_clutter_does_not() -> None:
    rng = np.random.default_rng(0)
    still = [script("open", Room(clutter=6, distractors=0, turns=0), rng) for _ in range(20)]
    moving = [script("open", Room(clutter=0, distractors=2, turns=0), rng) for _ in range(20)]
    assert all((np.diff(c.astype(int), axis=0) != 0).sum() == 1 for c in still)
    assert all((np.diff(c.astype(int), axis=0) != 0).sum() > 4 for c in moving)


@pytest.mark.parametrize("frames", [10, 16])
def test_order_blind_and_last_frame_observers_cannot_tell_the_actions(frames: int) -> None:
    """The best an observer can do who knows every state exactly, but not the order of frames (or only the last)."""
    rng = np.random.default_rng(11)
    heaps: dict[tuple, Counter] = defaultdict(Counter)
    lasts: dict[tuple, Counter] = defaultdict(Counter)
    total = 6_000
    for i in range(total):
        action = ACTIONS[i % len(ACTIONS)]
        seen = observe(script(action, Room(frames, clutter=0, distractors=0), rng))
        heaps[int(seen["carried"].sum()), int(seen["open"].sum())][action] += 1
        last = seen["carried"][-1], seen["open"][-1]
        lasts[last][action] += 1
    order_blind = sum(c.most_common(1)[0][1] for c in heaps.values()) / total
    last_frame = sum(c.most_common(1)[0][1] for c in lasts.values()) / total
    assert order_blind < 0.45
    assert last_frame < 0.30


def test_splits_are_balanced_and_share_no_clip() -> None:
    seen: set[bytes] = set()
    tight = Room(frames=8, clutter=0, distractors=0, turns=0)  # few enough clips that some are drawn twice
    first, labels, dropped_first = scripts(ACTIONS[:2], 600, tight, np.random.default_rng(0), seen)
    second, _, dropped_second = scripts(ACTIONS[:2], 600, tight, np.random.default_rng(1), seen)
    keys = [clip.tobytes() for clip in (*first, *second)]
    assert len(set(keys)) == len(keys) == len(seen) == 1200
    assert dropped_first + dropped_second > 0
    assert np.bincount(labels).tolist() == [300, 300]
