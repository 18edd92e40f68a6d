"""The built-in kinds of answer, one class a file; outside packages bring others (entry points `target.NAME`).

Importing this package imports no torch.
"""

from __future__ import annotations

from harness.contract.target import Target
from harness.targets.classification import ClassTarget
from harness.targets.ctc import CTCTarget
from harness.targets.forecast import ForecastTarget
from harness.targets.masked_tagging import MaskedTaggingTarget
from harness.targets.multi_label import MultiLabelTarget
from harness.targets.multi_label_sequence import MultiLabelSequenceTarget
from harness.targets.next_token import NextTokenTarget
from harness.targets.regression import RegressionTarget
from harness.targets.tagging import TaggingTarget
from harness.targets.token_sequence import TokenSequenceTarget

BUILT_IN: tuple[type[Target], ...] = (
    ClassTarget,
    TaggingTarget,
    MaskedTaggingTarget,
    CTCTarget,
    NextTokenTarget,
    TokenSequenceTarget,
    ForecastTarget,
    RegressionTarget,
    MultiLabelTarget,
    MultiLabelSequenceTarget,
)
"""In the order of documentation and tests."""

__all__ = [
    "BUILT_IN",
    "CTCTarget",
    "ClassTarget",
    "ForecastTarget",
    "MaskedTaggingTarget",
    "MultiLabelSequenceTarget",
    "MultiLabelTarget",
    "NextTokenTarget",
    "RegressionTarget",
    "TaggingTarget",
    "TokenSequenceTarget",
]
