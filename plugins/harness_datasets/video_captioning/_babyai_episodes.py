"""Episodes of BabyAI, played by its scripted expert: what it sees as tile numbers, and the mission."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness_datasets.video_captioning._babyai_tiles import (
    AGENT,
    COLOURS,
    EMPTY,
    SHAPES,
    UNSEEN,
    WALL,
    carrying_tile,
    door_tile,
    thing_tile,
)

CELLS = 7
"""Cells along each side of what the agent sees; it stands in the middle of the lowest row and looks up."""

LEVELS = ("BabyAI-GoToLocal-v0", "BabyAI-PickupLoc-v0", "BabyAI-PutNextLocal-v0", "BabyAI-OpenDoor-v0")
VERBS = ("go to", "pick up", "put", "open")
_MISSION = re.compile(
    rf"({'|'.join(VERBS)}) (?:a|the) ({'|'.join(COLOURS)}) ({'|'.join((*SHAPES, 'door'))})"
    rf"(?: next to (?:a|the) (?:{'|'.join(COLOURS)}) (?:{'|'.join(SHAPES)}))?"
)
PARTS = 6
"""Combinations of verb, colour and shape are dealt into so many parts; one is for test, the others for training."""

_EPISODES = 10  # of so many episodes one is for validation, and one for test where test shows no new combinations


@dataclass(frozen=True)
class Episode:
    """A mission carried out.

    Attributes:
        mission: the sentence.
        views: uint8 (T, 7, 7), the tile of each cell that the agent sees, the farthest row first.
    """

    mission: str
    views: np.ndarray


def composition(mission: str) -> tuple[str, str, str] | None:
    """Verb, colour and shape of what is handled first; None: the mission is of another kind ("on your left")."""
    found = _MISSION.fullmatch(mission)
    return None if found is None else (found.group(1), found.group(2), found.group(3))


def is_new(verb: str, colour: str, shape: str) -> bool:
    """Whether a combination is for test alone. Every verb, colour and shape is in training, in others."""
    shapes = (*SHAPES, "door")
    return (COLOURS.index(colour) + 2 * shapes.index(shape) + VERBS.index(verb)) % PARTS == 0


def _split(mission: str, seed: int, new: bool) -> str:
    """The split of an episode; empty: of none."""
    parts = composition(mission)
    if parts is None:
        return ""
    if new and is_new(*parts):
        return "test"
    return {0: "val", 1: "train" if new else "test"}.get(seed % _EPISODES, "train")


def episodes(level: str, seed: int, wanted: set[str], most: int, *, new: bool) -> Iterator[tuple[str, Episode]]:
    """Split and episode, of the splits that are `wanted` when it is asked for, without end.

    Args:
        level: a name of `LEVELS`.
        seed: of the first episode; the next has the next.
        wanted: splits; the caller may take some out.
        new: whether test episodes show the combinations that training does not, or the same as training.
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
            split = _split(env.mission, seed, new)
            seed += 1
            episode = _played(env, BabyAIBot(env), most) if split in wanted else None
        if episode is not None:
            yield split, episode


def _played(env: Any, expert: Any, most: int) -> Episode | None:
    views, action = [_view(env)], None
    while len(views) < most:
        try:
            action = expert.replan(action)
        except (AssertionError, ValueError, IndexError):  # the expert gives up
            return None
        _, reward, ended, cut, _ = env.step(int(action))
        views.append(_view(env))
        if ended or cut:
            return Episode(env.mission, np.stack(views)) if reward > 0 else None
    return None


def _view(env: Any) -> np.ndarray:
    """uint8 (7, 7): what the agent sees."""
    seen = env.gen_obs()["image"]  # (x, y, [kind, colour, state])
    tiles = np.array([[_tile(*map(int, cell)) for cell in column] for column in seen], dtype=np.uint8).T
    carried = int(tiles[-1, CELLS // 2])  # MiniGrid puts it where the agent stands
    tiles[-1, CELLS // 2] = AGENT if env.carrying is None else carrying_tile(carried)
    return tiles


def _tile(kind: int, colour: int, state: int) -> int:
    from minigrid.core.constants import IDX_TO_COLOR, IDX_TO_OBJECT

    name = IDX_TO_OBJECT[kind]
    if name in SHAPES:
        return thing_tile(name, IDX_TO_COLOR[colour])
    if name == "door":
        return door_tile(IDX_TO_COLOR[colour], state)
    return {"unseen": UNSEEN, "wall": WALL}.get(name, EMPTY)
