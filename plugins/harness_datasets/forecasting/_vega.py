"""The wheel of vega_datasets, which holds small tables."""

from __future__ import annotations

from harness.data.sources import WheelSource


def vega(name: str, description: str) -> WheelSource:
    """The wheel as the source of one of its data sets."""
    return WheelSource(
        name=name,
        distribution="vega-datasets",
        version="0.9.0",
        sha256="3d7c63917be6ca9b154b565f4779a31fedce57b01b5b9d99d8a34a7608062a1d",
        size_mb=0.2,
        licence="MIT (the package)",
        description=description,
    )
