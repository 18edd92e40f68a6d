"""Numbers formatted for people: metric values, times, sizes, counts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

NARROW_SPACE = "\u202f"
_SMALLEST = 0.0005  # half widths below it are not shown

Units = tuple[tuple[float, str], ...]
"""Units from the largest, each with its size in that of the values."""

SECONDS: Units = ((1.0, "s"), (1e-3, "ms"))
MILLISECONDS: Units = ((1e3, "s"), (1.0, "ms"))
BYTES: Units = ((1e9, "GB"), (1e6, "MB"))
SI: Units = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
COUNTS: Units = (*SI, (1.0, ""))


def slug(text: str) -> str:
    """Plain lower-case letters and digits joined by hyphens, for ids and names of files."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def decimals(values: Iterable[float | None]) -> int:
    """Digits after the decimal point for a whole column: four significant digits of its largest value, at most 3."""
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v)]
    largest = max(sizes, default=1.0)
    if largest >= 1000:
        return 0
    if largest >= 100:
        return 1
    return 2 if largest >= 10 else 3


def fixed(value: float | None, digits: int) -> str:
    """A value with fixed digits and grouped thousands; a dash for None, words for infinity."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:,.{digits}f}".replace(",", NARROW_SPACE)
    return text.replace("-", "−")


def value_or_none(value: float | None, digits: int) -> str:
    """The value of a metric of a finished run: one that is not a number is said to be none."""
    return "no value" if value is None or math.isnan(value) else fixed(value, digits)


def with_interval(mean: float, half_width: float | None, digits: int) -> str:
    """mean ± half width."""
    if half_width is None or math.isnan(half_width):
        return fixed(mean, digits)
    return f"{fixed(mean, digits)} ± {fixed(half_width, digits)}"


def duration(seconds: float | None) -> str:
    """1 h 2 min, 1 min 20 s, 12.3 s, 45 ms."""
    if seconds is None or not math.isfinite(seconds):
        return fixed(seconds, 0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def measured(mean: float, half_width: float | None, units: Units) -> str:
    """mean ± half width in one unit, three significant digits of the mean or more: 2.13 ± 0.05 ms."""
    if not math.isfinite(mean):
        return fixed(mean, 0)
    size, unit = next((pair for pair in units if abs(mean) >= 0.9995 * pair[0]), units[-1])
    value, half = mean / size, (half_width or 0.0) / size
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    if _SMALLEST <= half < 0.5 * 10.0**-digits:
        digits = min(3, math.ceil(-math.log10(half)))
    return f"{with_interval(value, half if half >= _SMALLEST else None, digits)} {unit}".rstrip()


def count(value: float | None, *, trim: bool = False) -> str:
    """1.23 M, 64.0 k, 512; `trim` removes trailing zeros (for axes)."""
    if value is None or not math.isfinite(value):
        return fixed(value, 0)
    for scale, letter in SI:
        if abs(value) >= scale * 0.9995:
            return f"{_three(value / scale, trim)} {letter}"
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else _three(value, trim)


def weights(total: float, fixed: float) -> str:
    """1.23 M; with weights that are not trained, 1.54 k trained + 1.00 M fixed."""
    return f"{count(total - fixed)} trained + {count(fixed)} fixed" if fixed else count(total)


def _three(value: float, trim: bool) -> str:
    """Three significant digits."""
    if trim:
        return f"{value:.3g}"
    return f"{value:.{2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0}f}"


def size(bytes_: float | None) -> str:
    """912 MB, 1.2 GB (powers of ten)."""
    if not bytes_ or not math.isfinite(bytes_):
        return "–"
    return f"{bytes_ / 1e9:.2f} GB" if bytes_ >= 1e9 else f"{bytes_ / 1e6:.0f} MB"


def share(part: float, whole: float) -> str:
    """A percentage without decimals."""
    known = bool(whole) and math.isfinite(part) and math.isfinite(whole)
    return f"{100 * part / whole:.0f} %" if known else "–"


def plural(number: int, one: str, many: str | None = None) -> str:
    """1 run, 2 runs."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def grouped(number: int) -> str:
    """12 345: a whole number with its thousands apart."""
    return f"{number:,}".replace(",", NARROW_SPACE)
