"""What the diagnostic tasks share: strings of symbols in, a class at the asked positions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from harness.contract.dataset_task import DatasetTask
from harness.contract.metric import Metric
from harness.contract.raw import RawExample
from harness.contract.specs import TokenInput
from harness.contract.task import Baseline, Loader, TaskData
from harness.metrics.masked_tagging import ACCURACY, ACCURACY_IN_RANGE, SCALED_ACCURACY, SEQUENCE_ACCURACY
from harness.targets import MaskedTaggingTarget
from harness_tasks.symbol_strings import SymbolStrings
from harness_tasks.symbols._guessing import CHANCE, MAJORITY
from harness_tasks.symbols._symbol_words import PAD, AskedSplit, SymbolWords
from harness_tasks.symbols.drawn_strings import DrawnStrings


@dataclass
class StringQuestions(DatasetTask):
    """Base of tasks over `SymbolStrings`: accuracy at the asked positions, beyond and at the training lengths."""

    version: ClassVar[str] = "1"
    input_type: ClassVar[type[TokenInput]] = TokenInput
    target_type: ClassVar[type[MaskedTaggingTarget]] = MaskedTaggingTarget
    metrics: ClassVar[tuple[Metric, ...]] = (ACCURACY, ACCURACY_IN_RANGE, SCALED_ACCURACY, SEQUENCE_ACCURACY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=64))

    def setup(self) -> TaskData:
        """Symbols and, at the asked positions, classes, (T,) each.

        Raises:
            DataError: too few different strings exist.
        """
        assert isinstance(self.dataset, SymbolStrings)
        raw = self.dataset.read()
        words = SymbolWords(self.dataset.symbols, self.dataset.answers)
        train, val, test = (_split(part) for part in (raw.train, raw.val, raw.test))
        return TaskData(
            train,
            val,
            test,
            TokenInput(words.size, PAD),
            MaskedTaggingTarget(len(words.answers), words.answers),
            preprocessing=words,
            notes=raw.notes,
        )

    def load_preprocessing(self, folder: Path) -> SymbolWords:
        """Symbols and answers."""
        return SymbolWords.load(folder)

    def tiny(self) -> Self:
        """The data set's tiny form, in small batches."""
        return replace(self, dataset=self.dataset.tiny(), loader=Loader(batch_size=16))

    def baselines(self) -> tuple[Baseline, ...]:
        """Guessing, the most frequent answer, and the data set's own."""
        return (CHANCE, MAJORITY, *super().baselines())


def _split(strings: Sequence[RawExample]) -> AskedSplit:
    assert isinstance(strings, DrawnStrings)
    return AskedSplit(strings)
