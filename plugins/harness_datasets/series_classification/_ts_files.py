"""Files of the UCR/UEA archive (.ts, as aeon and sktime write them): headers, then a series a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.contract.raw import RawExample
from harness.errors import DataError


@dataclass(frozen=True)
class TsFile:
    """What a file holds.

    Attributes:
        examples: series float64 (T, F), NaN where missing, with their classes.
        classes: in the order of the header.
    """

    examples: list[RawExample]
    classes: tuple[str, ...]


def parse_ts(text: str, where: str, prefix: str) -> TsFile:
    """Read a file's text.

    A line is `v,v,v:v,v,v:class`: the steps of each variable, separated by colons, then the class. "?" and "NaN" are
    missing values. Series may differ in length, the variables of one series may not.

    Args:
        text: of the file.
        where: its name, for messages.
        prefix: of ids, which are numbered.

    Raises:
        DataError: it is no such file; it has time stamps, no classes or a number as target; or a line is wrong. The
            message names the line.
    """
    headers: dict[str, list[str]] = {}
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith(("#", "%")):
            continue
        if not words[0].startswith("@"):
            raise DataError(f"{where}, line {number}: data before '@data'. Expected a .ts file of the UCR/UEA archive.")
        if words[0].lower() == "@data":
            break
        headers[words[0].lower()] = words[1:]
    else:
        raise DataError(f"{where} has no '@data' line. Expected a .ts file of the UCR/UEA archive.")
    if _yes(headers.get("@timestamps")):
        raise DataError(f"{where} has time stamps (@timeStamps true), which are not read. Write values alone.")
    if "@targetlabel" in headers:
        raise DataError(f"{where} holds numbers to predict (@targetLabel), not classes.")
    if not _yes(headers.get("@classlabel")) or len(headers["@classlabel"]) < 2:
        raise DataError(f"{where} names no classes. Expected a line '@classLabel true NAME NAME ...'.")
    classes = tuple(headers["@classlabel"][1:])
    examples: list[RawExample] = []
    for place, line in enumerate(lines[number:], number + 1):
        if line.strip() and not line.lstrip().startswith(("#", "%")):
            examples.append(_example(line.strip(), classes, f"{where}, line {place}", f"{prefix}-{len(examples):05d}"))
    sizes = {one.input.shape[1] for one in examples}
    if len(sizes) > 1:
        raise DataError(f"{where}: series have {_listed(sorted(sizes))} variables; all must have the same number.")
    if not examples:
        raise DataError(f"{where} has no series after '@data'.")
    return TsFile(examples, classes)


def _example(line: str, classes: tuple[str, ...], where: str, name: str) -> RawExample:
    *variables, label = line.split(":")
    label = label.strip()
    if label not in classes or not variables:
        raise DataError(
            f"{where}: the class is '{label[:40]}', which '@classLabel' does not name ({', '.join(classes[:10])}). A "
            "line is the steps of each variable, separated by colons, then the class."
        )
    rows = [variable.split(",") for variable in variables]
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise DataError(f"{where}: its variables have {_listed(sorted(lengths))} steps; all must have the same number.")
    try:
        values = np.array([[np.nan if cell.strip() in ("?", "NaN") else float(cell) for cell in row] for row in rows])
    except ValueError as error:
        raise DataError(f"{where}: {error}. Missing values are written '?'.") from error
    if np.isinf(values).any():
        raise DataError(f"{where}: a value is infinite. Missing values are written '?'.")
    return RawExample(name, np.ascontiguousarray(values.T), label)  # (T, F)


def _yes(words: Sequence[str] | None) -> bool:
    return bool(words) and words is not None and words[0].lower() == "true"


def _listed(numbers: Sequence[int]) -> str:
    return " and ".join(map(str, numbers[:3]))
