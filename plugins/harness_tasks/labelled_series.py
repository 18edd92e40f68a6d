"""What data sets for the classification of series derive from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset, RawExample
from harness.data.splitting import Shares, SplitPositions, by_group, stratified


@dataclass
class LabelledSeries(Dataset):
    """Base of data sets whose examples are series with a class: the input of a raw example is the values of all steps.

    Values are float64 (T, F) in units of the data, NaN where missing; lengths may differ, F may not. The target is the
    name of the class. `RawData.labels` are the classes in the order of their numbers.

    Class variables:
        aligned: whether step t means the same in every series, as a pixel of a picture does. Then only equal whole
            series are copies (else eight equal steps in a row are a recording that was used again), and no baseline
            warps time.
    """

    task: ClassVar[str] = "series_classification"
    raw_input: ClassVar[type] = np.ndarray
    raw_target: ClassVar[type] = str
    aligned: ClassVar[bool] = False


def content_of(example: RawExample) -> str:
    """What makes two series copies of each other: shape and bytes."""
    values = np.ascontiguousarray(example.input, dtype=np.float64)
    return f"{values.shape}{values.tobytes().hex()}"


def with_validation(
    examples: Sequence[RawExample], share: float, groups: Sequence[str] = (), named: str = "group"
) -> tuple[list[RawExample], list[RawExample], str]:
    """Training and validation parts of a published training split, and the rule in words.

    Args:
        examples: of the training split.
        share: of them that is for validation: of each class by the hash of the content, or of groups.
        groups: (N,) of each example, that must not be divided; empty: there are none.
        named: what a group is, for the rule.
    """
    half = Shares(share / 2, share / 2)  # both parts that are held out are for validation
    if groups:
        parts: SplitPositions = by_group(groups, half, named=named)
        rule = f"whole {named}s of the training part, {share:.0%} of them by the hash of the {named}"
    else:
        parts = stratified([content_of(one) for one in examples], [one.target for one in examples], half)
        rule = f"{share:.0%} of each class of the training part, by the hash of the content"
    held_out = {*parts.val.tolist(), *parts.test.tolist()}
    train = [one for i, one in enumerate(examples) if i not in held_out]
    return train, [one for i, one in enumerate(examples) if i in held_out], f"validation: {rule}"
