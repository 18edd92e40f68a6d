"""Scripts of the simulated action clips: what happens in a MiniGrid room, cell by cell and frame by frame.

Nothing is drawn here. A clip is an array of tile numbers (T, 8, 8); `_minigrid_tiles` has the picture of each
number. The room has one layout and one size: four walls, and an agent that stands beside a door and beside a
cell with something to carry, so that only what *changes*, and in which order, tells the actions apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CELLS = 8
"""Cells along each side of the room, walls included."""

ACTIONS = (
    "pick_up",
    "put_down",
    "pick_up_put_back",
    "put_down_pick_up",
    "open",
    "close",
    "open_close",
    "close_open",
)
"""Every action. The object of the first four is a thing, of the last four a door."""

SHAPES = ("ball", "box", "key")
COLOURS = ("green", "blue", "purple", "yellow", "grey")  # the agent is red

EMPTY, WALL = 0, 1
FIRST_THING = 2
FIRST_DOOR = FIRST_THING + len(SHAPES) * len(COLOURS)
FIRST_AGENT = FIRST_DOOR + 2 * len(COLOURS)
NUM_THINGS = FIRST_DOOR - FIRST_THING
NUM_TILES = FIRST_AGENT + 4 * (NUM_THINGS + 1)

MIN_FRAMES = 8
_MARGIN = 2  # fewest frames before the first event, between two events, and after the last
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # MiniGrid's directions as (x, y): right, down, left, up


@dataclass(frozen=True)
class Room:
    """What a clip may hold beside its action.

    Attributes:
        frames: T, at least `MIN_FRAMES`.
        clutter: the most still things lying about.
        distractors: balls that move about on their own.
        turns: probability that the agent looks elsewhere before it acts, and again after.
    """

    frames: int = 16
    clutter: int = 4
    distractors: int = 1
    turns: float = 0.5


def thing_tile(shape: int, colour: int) -> int:
    """Tile number of a thing lying on the floor."""
    return FIRST_THING + shape * len(COLOURS) + colour


def door_tile(colour: int, is_open: bool) -> int:
    """Tile number of a door."""
    return FIRST_DOOR + 2 * colour + int(is_open)


def agent_tile(direction: int, carried: int | None) -> int:
    """Tile number of the agent, looking in one of MiniGrid's four directions; `carried`: the thing's tile, or None."""
    return FIRST_AGENT + direction * (NUM_THINGS + 1) + (0 if carried is None else carried - FIRST_THING + 1)


def script(action: str, room: Room, rng: np.random.Generator) -> np.ndarray:
    """One clip of an action, uint8 (T, 8, 8): the tile number at each frame, row and column."""
    position = int(rng.integers(1, CELLS - 1))
    facing_door = int(rng.integers(4))
    agent = _beside_wall(facing_door, position)
    sides = [d for d in range(4) if _inside(_next(agent, d))]
    facing_thing = int(rng.choice(sides))
    door, spot = _next(agent, facing_door), _next(agent, facing_thing)
    thing = thing_tile(int(rng.integers(len(SHAPES))), int(rng.integers(len(COLOURS))))
    door_colour = int(rng.integers(len(COLOURS)))

    changes = _event_times(2 if "_" in action.replace("_up", "").replace("_down", "") else 1, room.frames, rng)
    about_door = action.startswith(("open", "close"))
    varying = _states(action.startswith(("put", "close")), changes, room.frames)
    constant = np.full(room.frames, bool(rng.integers(2)))
    held, is_open = (constant, varying) if about_door else (varying, constant)
    directions = _directions(facing_door if about_door else facing_thing, changes, room, rng)

    tiles = np.zeros((room.frames, CELLS, CELLS), dtype=np.uint8)  # (T, Y, X)
    tiles[:, [0, -1], :] = WALL
    tiles[:, :, [0, -1]] = WALL
    _scatter(tiles, {agent, spot}, room, rng)
    for t in range(room.frames):
        tiles[t, door[1], door[0]] = door_tile(door_colour, bool(is_open[t]))
        tiles[t, spot[1], spot[0]] = EMPTY if held[t] else thing
        tiles[t, agent[1], agent[0]] = agent_tile(int(directions[t]), thing if held[t] else None)
    return tiles


def scripts(
    actions: Sequence[str], count: int, room: Room, rng: np.random.Generator, seen: set[bytes]
) -> tuple[np.ndarray, np.ndarray, int]:
    """A balanced split without a clip that is already in `seen`, which it extends.

    Returns:
        clips uint8 (N, T, 8, 8), labels int64 (N,) that index `actions`, and how many duplicates were dropped.
    """
    clips = np.zeros((count, room.frames, CELLS, CELLS), dtype=np.uint8)
    labels = rng.permutation(np.arange(count) % len(actions))
    dropped = 0
    for row, label in enumerate(labels):
        while True:
            clip = script(actions[label], room, rng)
            key = clip.tobytes()
            if key not in seen:
                break
            dropped += 1
        seen.add(key)
        clips[row] = clip
    return clips, labels.astype(np.int64), dropped


def _beside_wall(direction: int, position: int) -> tuple[int, int]:
    """The inner cell (x, y) that has the wall in that direction as its neighbour."""
    near, far = 1, CELLS - 2
    return ((far, position), (position, far), (near, position), (position, near))[direction]


def _next(cell: tuple[int, int], direction: int) -> tuple[int, int]:
    return cell[0] + _STEPS[direction][0], cell[1] + _STEPS[direction][1]


def _inside(cell: tuple[int, int]) -> bool:
    return all(1 <= c <= CELLS - 2 for c in cell)


def _event_times(count: int, frames: int, rng: np.random.Generator) -> list[int]:
    """The first frame after each event.

    How long the changed state lasts has nearly the same distribution for one event as for two, so that an
    order-blind model learns nothing from the share of frames in each state.
    """
    longest = frames - 2 * _MARGIN
    changed = int(rng.integers(_MARGIN, longest + 1))  # frames that one of the two states lasts
    if count == 1:
        return [changed if rng.integers(2) else frames - changed]
    start = int(rng.integers(_MARGIN, frames - changed - _MARGIN + 1))
    return [start, start + changed]


def _states(initial: bool, changes: Sequence[int], frames: int) -> np.ndarray:
    """bool (T,): a state that begins as `initial` and flips at each of `changes`."""
    flips = np.zeros(frames, dtype=np.int64)
    flips[list(changes)] = 1
    return (np.cumsum(flips) + int(initial)) % 2 == 1


def _directions(facing: int, changes: Sequence[int], room: Room, rng: np.random.Generator) -> np.ndarray:
    """int64 (T,): where the agent looks; at what it handles from one frame before the first event to the last."""
    directions = np.full(room.frames, facing)
    others = [d for d in range(4) if d != facing]
    if rng.random() < room.turns:
        directions[: rng.integers(1, changes[0])] = rng.choice(others)
    if rng.random() < room.turns and changes[-1] + 1 < room.frames:
        directions[rng.integers(changes[-1] + 1, room.frames) :] = rng.choice(others)
    return directions


def _scatter(tiles: np.ndarray, taken: set[tuple[int, int]], room: Room, rng: np.random.Generator) -> None:
    """Put clutter and moving distractors on cells (x, y) that are not `taken`; changes `tiles`."""
    free = [(x, y) for y in range(1, CELLS - 1) for x in range(1, CELLS - 1) if (x, y) not in taken]
    chosen = [free[i] for i in rng.permutation(len(free))]
    still = int(rng.integers(room.clutter + 1))
    for x, y in chosen[:still]:
        tiles[:, y, x] = thing_tile(int(rng.integers(len(SHAPES))), int(rng.integers(len(COLOURS))))
    movers = chosen[still : still + room.distractors]
    balls = [thing_tile(SHAPES.index("ball"), int(rng.integers(len(COLOURS)))) for _ in movers]
    blocked = taken | set(chosen[:still])
    for t in range(room.frames):
        for ball, cell in enumerate(movers):
            goal = _next(cell, int(rng.integers(4)))
            moves = t > 0 and rng.random() < 0.5
            if moves and _inside(goal) and goal not in blocked and goal not in movers:
                movers[ball] = goal
            x, y = movers[ball]
            tiles[t, y, x] = balls[ball]
