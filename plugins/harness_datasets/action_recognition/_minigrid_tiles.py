"""The picture of every tile of the simulated action clips, drawn by MiniGrid itself.

MiniGrid does not show what the agent carries, without which "pick up" cannot be told from "the thing vanished":
here the carried thing is drawn on the agent, at about half its size.
"""

from __future__ import annotations

import os
from importlib.metadata import version

import numpy as np

from harness_datasets.action_recognition._minigrid_scenes import (
    COLOURS,
    EMPTY,
    NUM_TILES,
    SHAPES,
    WALL,
    agent_tile,
    door_tile,
    thing_tile,
)

_DRAWN = 32  # pixels a side while drawing; then averaged down
_CARRIED = 20  # pixels a side of a carried thing while drawing


def minigrid_version() -> str:
    """The version that draws; part of the data's fingerprint."""
    return version("minigrid")


def draw_tiles(size: int) -> np.ndarray:
    """Pictures of all tiles, uint8 (NUM_TILES, size, size, 3), in the order of the tile numbers.

    Args:
        size: pixels a side, at most 32.
    """
    # MiniGrid imports pygame, which prints a greeting on import unless told not to, and nothing here opens a window.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from minigrid.core.grid import Grid
    from minigrid.core.world_object import Ball, Box, Door, Key, Wall, WorldObj

    def picture(thing: WorldObj | None, pixels: int = _DRAWN, agent: int | None = None) -> np.ndarray:
        return np.array(Grid.render_tile(thing, agent_dir=agent, tile_size=pixels), dtype=np.uint8)

    kinds = {"ball": Ball, "box": Box, "key": Key}
    large = np.zeros((NUM_TILES, _DRAWN, _DRAWN, 3), dtype=np.uint8)
    large[EMPTY], large[WALL] = picture(None), picture(Wall())
    for direction in range(4):
        large[agent_tile(direction, None)] = picture(None, agent=direction)
    start = (_DRAWN - _CARRIED) // 2
    middle = slice(start, start + _CARRIED)
    for shape, name in enumerate(SHAPES):
        for colour, paint in enumerate(COLOURS):
            number = thing_tile(shape, colour)
            large[number] = picture(kinds[name](paint))
            # The grid line at the tile's top and left edge is no part of the thing.
            small = picture(kinds[name](paint), _CARRIED)
            small[:1] = small[:, :1] = 0
            seen = small.any(axis=-1, keepdims=True)
            for direction in range(4):
                carrying = large[agent_tile(direction, None)].copy()
                carrying[middle, middle] = np.where(seen, small, carrying[middle, middle])
                large[agent_tile(direction, number)] = carrying
    for colour, paint in enumerate(COLOURS):
        for is_open in (False, True):
            large[door_tile(colour, is_open)] = picture(Door(paint, is_open=is_open))
    return shrink(large, size)


def shrink(pictures: np.ndarray, size: int) -> np.ndarray:
    """Area averages: uint8 (N, Y, X, 3) to (N, size, size, 3)."""
    edges = np.linspace(0, pictures.shape[1], size + 1).round().astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(pictures.astype(np.float32), edges, axis=1), edges, axis=2)
    spans = np.diff(np.append(edges, pictures.shape[1])).astype(np.float32)
    return (sums / (spans[:, None, None] * spans[None, :, None])).round().astype(np.uint8)
