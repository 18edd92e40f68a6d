"""The tiles of BabyAI's views: their numbers, and their pictures as MiniGrid draws them.

MiniGrid does not draw what the agent carries, so the carried thing is drawn on the agent, at about half its size.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from harness_datasets.action_recognition._minigrid_tiles import shrink

SHAPES = ("ball", "box", "key")
COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
UNSEEN, EMPTY, WALL = range(3)
_FIRST_THING = 3
_THINGS = len(SHAPES) * len(COLOURS)
_FIRST_DOOR = _FIRST_THING + _THINGS
AGENT = _FIRST_DOOR + 3 * len(COLOURS)
"""The agent with empty hands; the numbers after it: with each thing."""
TILES = AGENT + 1 + _THINGS
_DRAWN, _CARRIED = 32, 20  # pixels a side, before they are averaged down
_UP = 3  # MiniGrid's number of the direction


def thing_tile(shape: str, colour: str) -> int:
    """The number of a thing on the floor."""
    return _FIRST_THING + SHAPES.index(shape) * len(COLOURS) + COLOURS.index(colour)


def door_tile(colour: str, state: int) -> int:
    """The number of a door; MiniGrid's states are 0 open, 1 closed, 2 locked."""
    return _FIRST_DOOR + 3 * COLOURS.index(colour) + state


def carrying_tile(thing: int) -> int:
    """The number of the agent with a thing, given the thing's number."""
    return AGENT + 1 + thing - _FIRST_THING


def draw_tiles(size: int) -> np.ndarray:
    """Pictures of all tiles in the order of their numbers, uint8 (TILES, size, size, 3)."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame, which nothing here needs, greets on import
    from minigrid.core.grid import Grid
    from minigrid.core.world_object import Ball, Box, Door, Key, Wall

    def picture(thing: Any, pixels: int = _DRAWN, agent: int | None = None) -> np.ndarray:
        return np.array(Grid.render_tile(thing, agent_dir=agent, tile_size=pixels), dtype=np.uint8)

    large = np.zeros((TILES, _DRAWN, _DRAWN, 3), dtype=np.uint8)
    large[EMPTY], large[WALL], large[AGENT] = picture(None), picture(Wall()), picture(None, agent=_UP)
    middle = slice((_DRAWN - _CARRIED) // 2, (_DRAWN + _CARRIED) // 2)
    for colour in COLOURS:
        for state, door in enumerate((Door(colour, is_open=True), Door(colour), Door(colour, is_locked=True))):
            large[door_tile(colour, state)] = picture(door)
        for shape, kind in zip(SHAPES, (Ball, Box, Key), strict=True):
            number = thing_tile(shape, colour)
            large[number] = picture(kind(colour))
            small = picture(kind(colour), _CARRIED)
            small[:1] = small[:, :1] = 0  # the line of the grid is no part of the thing
            carrying = large[AGENT].copy()
            carrying[middle, middle] = np.where(small.any(axis=-1, keepdims=True), small, carrying[middle, middle])
            large[carrying_tile(number)] = carrying
    return shrink(large, size)
