"""Options that data sets of clips share, and the checks of their values."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass
class ClipOptions:
    """What clips are made of.

    Fields:
        classes: class names, in label order; None: all of the data set.
        frames: T; videos are sampled evenly.
        size: pixels a side; videos are squeezed to that.
    """

    classes: list[str] | None = None
    frames: int = 16
    size: int = 64

    def check_clips(self) -> None:
        """Raise ValueError where an option makes no sense."""
        check_between(self, frames=(1,), size=(8,))
        if self.classes is not None and len(set(self.classes)) < max(2, len(self.classes)):
            raise ValueError(f"task.classes is {self.classes}; two or more different names are needed, or null.")


def check_between(options: object, **bounds: tuple[float, ...]) -> None:
    """Raise ValueError where a field is outside its bounds (low,) or (low, high)."""
    for name, (low, *rest) in bounds.items():
        value, high = getattr(options, name), rest[0] if rest else inf
        if not low <= value <= high:
            raise ValueError(f"task.{name} is {value}; it must be between {low} and {high}.")
