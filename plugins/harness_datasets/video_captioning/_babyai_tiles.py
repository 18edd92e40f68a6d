"""The tiles of BabyAI rooms: their numbers, and their pictures as MiniGrid draws them.

MiniGrid does not show what the agent carries, so the carried thing is drawn on the agent, at about half its size.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from harness_datasets.action_recognition._minigrid_tiles import shrink

SHAPES = ("ball", "box", "key")
COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
EMPTY, WALL = 0, 1
_FIRST_THING = 2
_FIRST_DOOR = _FIRST_THING + len(SHAPES) * len(COLOURS)
_THINGS = len(SHAPES) * len(COLOURS)
_FIRST_AGENT = _FIRST_DOOR + 3 * len(COLOURS)
TILES = _FIRST_AGENT + 4 * (_THINGS + 1)
_DRAWN, _CARRIED = 32, 20  # pixels a side, before they are averaged down


def tile_of(cell: Any) -> int:
    """The number of a cell's content (an object of MiniGrid, or None)."""
    if cell is None:
        return EMPTY
    if cell.type == "wall":
        return WALL
    colour = COLOURS.index(cell.color)
    if cell.type == "door":
        return _FIRST_DOOR + 3 * colour + (0 if cell.is_open else 2 if cell.is_locked else 1)
    return _FIRST_THING + SHAPES.index(cell.type) * len(COLOURS) + colour


def agent_tile(direction: int, carried: Any) -> int:
    """The number of the agent, looking in one of MiniGrid's directions, with what it carries (or None)."""
    thing = 0 if carried is None else tile_of(carried) - _FIRST_THING + 1
    return _FIRST_AGENT + direction * (_THINGS + 1) + thing


def draw_tiles(size: int) -> np.ndarray:
    """Pictures of all tiles in the order of their numbers, uint8 (TILES, size, size, 3)."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame, which nothing here needs, greets on import
    from minigrid.core.grid import Grid
    from minigrid.core.world_object import Ball, Box, Door, Key, Wall

    def picture(thing: Any, pixels: int = _DRAWN, agent: int | None = None) -> np.ndarray:
        return np.array(Grid.render_tile(thing, agent_dir=agent, tile_size=pixels), dtype=np.uint8)

    large = np.zeros((TILES, _DRAWN, _DRAWN, 3), dtype=np.uint8)
    large[EMPTY], large[WALL] = picture(None), picture(Wall())
    for colour in COLOURS:
        for door in (Door(colour, is_open=True), Door(colour), Door(colour, is_locked=True)):
            large[tile_of(door)] = picture(door)
    middle = slice((_DRAWN - _CARRIED) // 2, (_DRAWN + _CARRIED) // 2)
    for direction in range(4):
        large[agent_tile(direction, None)] = picture(None, agent=direction)
        for kind in (Ball, Box, Key):
            for colour in COLOURS:
                thing = kind(colour)
                large[tile_of(thing)] = picture(thing)
                small = picture(thing, _CARRIED)
                small[:1] = small[:, :1] = 0  # the line of the grid is no part of the thing
                carrying = large[agent_tile(direction, None)].copy()
                carrying[middle, middle] = np.where(small.any(axis=-1, keepdims=True), small, carrying[middle, middle])
                large[agent_tile(direction, thing)] = carrying
    return shrink(large, size)
