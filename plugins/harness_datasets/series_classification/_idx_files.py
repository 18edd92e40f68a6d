"""Files of the MNIST database (.idx): a magic number, the sizes of the axes, then a byte a value."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from harness.data.foreign import shown
from harness.data.text_files import read_bytes
from harness.errors import DataError

_BYTES = 0x08  # the code of unsigned bytes, the only kind of value in MNIST


def read_idx(path: Path, axes: int) -> np.ndarray:
    """The values of a file, plain or gzip, uint8 with so many axes.

    The file begins with two zero bytes, the kind of value and the number of axes; then comes the size of each axis as a
    big-endian uint32, then the values, the last axis fastest (yann.lecun.com/exdb/mnist).

    Args:
        path: of the file.
        axes: how many it must have: 3 for pictures (N, Y, X), 1 for labels (N,).

    Raises:
        DataError: the file cannot be read, does not begin so, or has fewer or more values than it says.
    """
    content, name = read_bytes(path), shown(path)
    wanted, head = bytes((0, 0, _BYTES, axes)), 4 + 4 * axes
    if content[:4] != wanted:
        begins = content[:4].hex(" ") or "nothing"
        raise DataError(
            f"{name} is no idx file of bytes with {axes} {'axis' if axes == 1 else 'axes'}: it begins with {begins}; "
            f"expected {wanted.hex(' ')}."
        )
    if len(content) < head:
        raise DataError(f"{name} is cut off within its header. Fetch the file again.")
    sizes = tuple(int(size) for size in np.frombuffer(content[4:head], dtype=">u4"))
    found = len(content) - head
    if found != prod(sizes):
        state = "is cut off" if found < prod(sizes) else "goes on after its end"
        announced = " × ".join(f"{size:,}" for size in sizes)
        raise DataError(
            f"{name} {state}: its header announces {announced} values, and {found:,} follow. Fetch the file again."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=head).reshape(sizes)
