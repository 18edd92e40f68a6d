"""Dates and times as tables write them: ISO 8601, 31/12/2024, 12/31/2024, 31.12.2024, names of months, epochs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_CLOCK = r"(?P<clock>[ T]+\d{1,2}:\d{2}(?P<seconds>:\d{2}(?P<fraction>[.,]\d{1,9})?)?(?P<half> ?[AaPp]\.?[Mm]\.?)?)?"
_ZONE = r"(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_TAIL = rf"{_CLOCK}{_ZONE}"
_YEAR_FIRST = re.compile(rf"\d{{4}}(?P<mark>[-/.])\d{{1,2}}(?:(?P=mark)\d{{1,2}}{_TAIL})?")
_YEAR_LAST = re.compile(rf"(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_TAIL}")
_NAMED = re.compile(
    rf"(?:(?P<day1>\d{{1,2}})[ -](?P<m1>[A-Za-z]{{3,9}})|(?P<m2>[A-Za-z]{{3,9}})\.? (?P<day2>\d{{1,2}}),?)"
    rf"(?P<mark>[ -])(?P<year>\d{{4}}|\d{{2}}){_TAIL}"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?)?"
)
_ENDS_WITH_ZONE = re.compile(r"\d ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}|\d{15,16}|\d{18,19}")

_SAMPLE = 1000
_LARGEST_TIME = 2.0**62  # in microseconds

NEARLY_ALL = 0.95
"""Share of a column's cells that must be numbers, or dates, for it to be a column of them; the others are said."""


@dataclass(frozen=True)
class DateFormat:
    """How the dates of a column are written.

    Attributes:
        form: "iso", "d/m/y", "m/d/y" (whatever stands between), "named", "compact", "epoch s", "ms", "us" or "ns".
        mark: between the parts of the date.
        ambiguous: whether days and months could be exchanged.
        settled: how they were told apart, where no number above 12 did; empty where one did.
        zoned: whether the cells name a time zone; their times are then UTC.
    """

    form: str
    mark: str = "-"
    ambiguous: bool = False
    settled: str = ""
    zoned: bool = False

    def __str__(self) -> str:
        named = {"iso": "year first", "named": "names of months", "compact": "year first, digits alone"}
        base = named.get(self.form, self.form.replace("/", self.mark) if "/" in self.form else self.form)
        return f"{base}{', with time zones, read as UTC' if self.zoned else ''}"


def looks_like_date(cell: str) -> bool:
    """Whether a cell is a date in some way of writing; compact ones and epochs, which are numbers too, do not count."""
    if not 6 <= len(cell) <= 40 or not any(c.isdigit() for c in cell[:12]):
        return False
    return bool(_YEAR_FIRST.fullmatch(cell) or _YEAR_LAST.fullmatch(cell) or _named(cell))


def date_format(cells: np.ndarray, *, numbers_too: bool = False, day_first: bool | None = None) -> DateFormat | None:
    """The way of writing that nearly all of a column's cells have in common; None if they are no dates.

    Args:
        cells: (N,) of str, without missing ones.
        numbers_too: whether the column's name says that numbers such as 1577836800, 20200101 or 202001011530 are times.
        day_first: what the user said about 01/02/2020.
    """
    sample = list(cells[:: max(1, len(cells) // _SAMPLE)])

    def are(test: Callable[[str], object]) -> list[str]:
        found = [cell for cell in sample if test(cell)]
        return found if len(found) >= NEARLY_ALL * len(sample) else []

    zoned = any(_ENDS_WITH_ZONE.search(cell) and ":" in cell for cell in sample)
    if found := are(_YEAR_FIRST.fullmatch):
        return DateFormat("iso", found[0][4], zoned=zoned)
    if are(_named):
        return DateFormat("named", zoned=zoned)
    if numbers_too and are(_COMPACT.fullmatch):
        return DateFormat("compact")
    if numbers_too and (found := are(_EPOCH.fullmatch)):
        digits = len(found[0].partition(".")[0])
        return DateFormat("epoch s" if digits <= 10 else "ms" if digits <= 13 else "us" if digits <= 16 else "ns")
    if not (found := are(_YEAR_LAST.fullmatch)):
        return None
    # Which of two numbers is the month may show in one cell of many, so all of them are looked at.
    days = dict.fromkeys(cell.split(" ", 1)[0].split("T", 1)[0] for cell in cells)
    matches = [match for match in map(_YEAR_LAST.fullmatch, days) if match]
    mark = matches[0]["mark"]
    form, ambiguous, settled = _order(matches, mark, day_first)
    return DateFormat(form, mark, ambiguous, settled, zoned) if form else None


def parse_dates(cells: np.ndarray, form: DateFormat) -> np.ndarray:
    """The cells as datetime64[us], NaT where a cell is none; times with a zone as UTC.

    Args:
        cells: (N,) of str.
        form: how they are written.
    """
    import pandas as pd

    if form.form in ("epoch s", "ms", "us", "ns"):
        values = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy(np.float64)
        scale = {"epoch s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}[form.form]
        whole = np.abs(values * scale) < _LARGEST_TIME  # False for NaN
        micro = np.where(whole, np.round(values * scale), 0).astype(np.int64).astype("datetime64[us]")
        return np.where(whole, micro, np.datetime64("NaT", "us"))
    codes, unique = pd.factorize(cells)
    made = pd.Series(unique, dtype=object)
    parsed = pd.to_datetime(made, format=_quick_format(unique, form), errors="coerce", utc=True)
    rest = np.flatnonzero(parsed.isna().to_numpy())
    if len(rest):  # written in another way than the first cell, or no dates
        made = pd.Series([_iso(cell, form) for cell in unique[rest]], dtype=object)
        parsed.iloc[rest] = pd.to_datetime(made, format="ISO8601", errors="coerce", utc=True)
    return parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")[codes]


def _quick_format(cells: np.ndarray, form: DateFormat) -> str:
    """What pandas parses at once: the format of the first cell, if it is a usual one."""
    match = _YEAR_LAST.fullmatch(cells[0]) if len(cells) and "/" in form.form else None
    if not match or match["zone"] or match["half"] or match["fraction"] or "T" in (match["clock"] or ""):
        return "ISO8601"
    day, month = ("%d", "%m") if form.form == "d/m/y" else ("%m", "%d")
    year = "%Y" if len(match["year"]) == 4 else "%y"
    clock = "" if not match["clock"] else " %H:%M:%S" if match["seconds"] else " %H:%M"
    return f"{day}{form.mark}{month}{form.mark}{year}{clock}"


def _iso(cell: str, form: DateFormat) -> str | None:
    """A cell rewritten in ISO 8601."""
    if form.form == "compact":
        if not (match := _COMPACT.fullmatch(cell)):
            return None
        clock = f"T{match['hour']}:{match['minute']}:{match['second'] or '00'}" if match["hour"] else ""
        return f"{match['year']}-{match['month']}-{match['day']}{clock}"
    if form.form == "iso":
        match = _YEAR_FIRST.fullmatch(cell)
        if not match:
            return None
        parts = re.split(r"[-/.]", re.split(r"[ T]", cell, maxsplit=1)[0])
        year, month = int(parts[0]), int(parts[1])
        day = int(re.findall(r"\d+", parts[2])[0]) if len(parts) > 2 else 1
    elif form.form == "named":
        match = _named(cell)
        if not match:
            return None
        year, month = int(match["year"]), _MONTHS.index((match["m1"] or match["m2"])[:3].lower()) + 1
        day = int(match["day1"] or match["day2"])
        year = _four_digits(year, match["year"])
    else:
        match = _YEAR_LAST.fullmatch(cell)
        if not match:
            return None
        a, b = int(match["a"]), int(match["b"])
        day, month = (a, b) if form.form == "d/m/y" else (b, a)
        year = _four_digits(int(match["year"]), match["year"])
    return f"{year:04}-{month:02}-{day:02}{_clock(match)}"


def _clock(match: re.Match[str]) -> str:
    clock = match["clock"]
    if not clock:
        return ""
    hour, minute = re.findall(r"\d+", clock)[:2]
    number = int(hour)
    if half := match["half"]:
        number = number % 12 + (12 if "p" in half.lower() else 0)
    zone = (match["zone"] or "").strip()
    zone = "Z" if zone in ("UTC", "GMT") else zone
    return f"T{number:02}:{minute}{(match['seconds'] or ':00').replace(',', '.')}{zone}"


def _order(matches: Sequence[re.Match[str]], mark: str, day_first: bool | None) -> tuple[str, bool, str]:
    """The order of day and month, whether it is not known, and how it was told if not by a number above 12."""
    first, second = max(int(match["a"]) for match in matches), max(int(match["b"]) for match in matches)
    if (first > 12 and second > 12) or any(match["mark"] != mark for match in matches):
        return "", False, ""
    if first > 12 or second > 12:
        return ("d/m/y" if first > 12 else "m/d/y"), False, ""
    if day_first is not None:
        return ("d/m/y" if day_first else "m/d/y"), False, "as the option says"
    rising = [form for form in ("d/m/y", "m/d/y") if _rises(matches, form)]
    if mark != "." and len(rising) == 1 and len(matches) > 2:
        return rising[0], False, "only so they are in order"
    return "d/m/y", mark != ".", "" if mark != "." else "points stand between its parts"


def _rises(matches: Sequence[re.Match[str]], form: str) -> bool:
    day, month = ("a", "b") if form == "d/m/y" else ("b", "a")
    keys = [(_four_digits(int(m["year"]), m["year"]), int(m[month]), int(m[day])) for m in matches]
    return keys == sorted(keys)


def _four_digits(year: int, written: str) -> int:
    """As POSIX has it: 69 to 99 are of the last century."""
    return year if len(written) == 4 else 1900 + year if year >= 69 else 2000 + year


def _named(cell: str) -> re.Match[str] | None:
    match = _NAMED.fullmatch(cell)
    return match if match and (match["m1"] or match["m2"])[:3].lower() in _MONTHS else None
