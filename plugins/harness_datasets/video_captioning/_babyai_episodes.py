"""Episodes of BabyAI, played by its scripted expert: rooms as tile numbers, frame by frame, and the mission."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness_datasets.video_captioning._babyai_tiles import COLOURS, SHAPES, agent_tile, tile_of

CELLS = 8
"""Cells along each side of a room, walls included."""

LEVELS = ("BabyAI-GoToLocal-v0", "BabyAI-PickupLoc-v0", "BabyAI-PutNextLocal-v0", "BabyAI-OpenDoor-v0")
VERBS = ("go to", "pick up", "put", "open")
_MISSION = re.compile(
    rf"({'|'.join(VERBS)}) (?:a|the) ({'|'.join(COLOURS)}) ({'|'.join((*SHAPES, 'door'))})"
    rf"(?: next to (?:a|the) (?:{'|'.join(COLOURS)}) (?:{'|'.join(SHAPES)}))?"
)
PARTS = 6
"""Compositions are dealt into so many parts: one is for test, one for validation, the others for training."""


@dataclass(frozen=True)
class Episode:
    """A mission carried out.

    Attributes:
        mission: the sentence.
        rooms: uint8 (T, 8, 8), the tile of each cell at each time, rows first.
    """

    mission: str
    rooms: np.ndarray


def composition(mission: str) -> tuple[str, str, str] | None:
    """Verb, colour and shape of what is handled first; None: the mission is of another kind ("on your left")."""
    found = _MISSION.fullmatch(mission)
    return None if found is None else (found.group(1), found.group(2), found.group(3))


def part_of(verb: str, colour: str, shape: str) -> str:
    """The split of a composition: every verb, colour and shape is in training, but not every combination."""
    shapes = (*SHAPES, "door")
    number = (COLOURS.index(colour) + 2 * shapes.index(shape) + VERBS.index(verb)) % PARTS
    return {0: "test", 3: "val"}.get(number, "train")


def episodes(level: str, seed: int, wanted: set[str], most: int) -> Iterator[tuple[str, Episode]]:
    """Split and episode, of the splits that are `wanted` when it is asked for, without end.

    Args:
        level: a name of `LEVELS`.
        seed: of the first episode; the next has the next.
        wanted: splits; the caller may take some out.
        most: frames; longer episodes, and those that the expert does not solve, are left out.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import gymnasium
    import minigrid  # noqa: F401  # registers the levels
    from minigrid.utils.baby_ai_bot import BabyAIBot

    env: Any = gymnasium.make(level).unwrapped
    while True:
        with contextlib.redirect_stdout(io.StringIO()):  # BabyAI prints what it rejects
            env.reset(seed=seed)
            seed += 1
            parts = composition(env.mission)
            split = "" if parts is None else part_of(*parts)
            episode = _played(env, BabyAIBot(env), most) if split in wanted else None
        if episode is not None:
            yield split, episode


def _played(env: Any, expert: Any, most: int) -> Episode | None:
    corner = tuple((p // (CELLS - 1)) * (CELLS - 1) for p in env.agent_pos)
    rooms, action = [_room(env, corner)], None
    while len(rooms) < most:
        try:
            action = expert.replan(action)
        except (AssertionError, ValueError, IndexError):  # the expert gives up
            return None
        _, reward, ended, cut, _ = env.step(int(action))
        rooms.append(_room(env, corner))
        if ended or cut:
            return Episode(env.mission, np.stack(rooms)) if reward > 0 else None
    return None


def _room(env: Any, corner: tuple[int, ...]) -> np.ndarray:
    """uint8 (8, 8): the room whose upper left corner (x, y) is given."""
    tiles = np.zeros((CELLS, CELLS), dtype=np.uint8)
    for y in range(CELLS):
        for x in range(CELLS):
            place = (corner[0] + x, corner[1] + y)
            here = tuple(map(int, env.agent_pos)) == place
            tiles[y, x] = agent_tile(env.agent_dir, env.carrying) if here else tile_of(env.grid.get(*place))
    return tiles
