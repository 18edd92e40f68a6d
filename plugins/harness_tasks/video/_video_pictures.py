"""A decoded frame as the picture that a player shows: upright, in its own colours, over black."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from harness_tasks.video._video_cropping import Crop

if TYPE_CHECKING:
    import torch

_UNNAMED = 2
_MATRICES = (0, 1, _UNNAMED, 3, 4, 5, 6, 7, 9)  # of ITU-T H.273, that FFmpeg's scaler knows
_NEAREST_MATRIX = {10: 9, 12: 1, 13: 9}


def picture(frame: Any, crop: Crop) -> torch.Tensor:
    """The picture, uint8 (C, Y, X), red, green and blue at full range, of what the container leaves of it.

    Colours are converted by the matrix and range that the frame names; turned and mirrored pictures are put upright;
    transparent parts are black. Fields of interlaced frames stay woven.
    """
    import torch

    shown = _upright(crop.of(_colours(frame)), _matrix(frame))
    return torch.from_numpy(np.ascontiguousarray(shown.transpose(2, 0, 1)))  # (C, Y, X)


def _colours(frame: Any) -> np.ndarray:
    """uint8 (Y, X, 3)."""
    if frame.colorspace not in _MATRICES:
        frame.colorspace = _NEAREST_MATRIX.get(frame.colorspace, _UNNAMED)
    if not any(component.is_alpha for component in frame.format.components) and frame.format.name != "pal8":
        return np.asarray(frame.to_ndarray(format="rgb24"))
    colours = np.asarray(frame.to_ndarray(format="rgba"))  # (Y, X, 4)
    if colours[..., 3].min() == 255:
        return colours[..., :3]
    visible = colours[..., :3].astype(np.uint16) * colours[..., 3:]
    return ((visible + 127) // 255).astype(np.uint8)


def _matrix(frame: Any) -> np.ndarray | None:
    """The linear part of the display matrix, (2, 2) [[a, b], [c, d]]: x' = ax + cy and y' = bx + dy."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return None
    numbers = np.frombuffer(bytes(data), dtype=np.int32)
    return numbers[[0, 1, 3, 4]].reshape(2, 2) if len(numbers) >= 9 else None


def _upright(colours: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """Turned and mirrored as the matrix says, to the nearest right angle."""
    if matrix is None or not matrix.any():
        return colours
    (a, b), (c, d) = matrix.astype(np.float64)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        across, down = a, d
    else:
        colours, across, down = colours.transpose(1, 0, 2), c, b
    colours = colours[:, ::-1] if across < 0 else colours
    return colours[::-1] if down < 0 else colours
