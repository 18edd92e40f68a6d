"""Translate sentences between two languages: user-interface strings, Multi30k, your own parallel files, or any data set
that an installed package brings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from harness import hookimpl
from harness.contract.batch import Split
from harness.contract.dataset import Dataset
from harness.contract.dataset_task import DatasetTask
from harness.contract.metric import Metric
from harness.contract.options import option
from harness.contract.specs import TokenInput
from harness.contract.task import Baseline, Loader, Task, TaskData
from harness.data.cache import build_once, cache_dir
from harness.data.progress import waiting
from harness.metrics.language_model import TOKEN_PERPLEXITY
from harness.metrics.languages import TOKENIZERS, bleu_tokenization, without_blanks
from harness.metrics.translation import BLEU, CHRF, bleu
from harness.targets import TokenSequenceTarget
from harness_tasks.parallel_text import ParallelText
from harness_tasks.text import _subwords
from harness_tasks.text._copy_nearest import COPY_NEAREST_NEIGHBOUR
from harness_tasks.text._prepared_pairs import SPLITS, Pairs
from harness_tasks.text._sentences import Sentences
from harness_tasks.text._stored_pairs import StoredPairs, in_memory, load_vocabulary, store

HARNESS_CONTRACT = 2

_PREPARATION = 5  # raise it with any change of what is prepared: it names the cached result


def _interface_strings() -> Dataset:
    from harness_datasets.translation.interface_strings import InterfaceStrings

    return InterfaceStrings()


@dataclass
class Translation(DatasetTask):
    """Sentences to sentences, over one byte-level subword vocabulary for both languages.

    A pair with an empty side is left out of training; in validation and test it stays, and an empty answer to an empty
    reference is right. The notes of a run count both.

    Fields:
        dataset: where the sentences come from; see `ParallelText`.
        lowercase: None: as the data set is published (Multi30k in lower case, others as written).
        vocab_size: the most subwords.
        max_length: the most subwords of a sentence, its end included; longer pairs are left out of training
            and cut in validation and test, where the reference text stays whole.
        bleu_tokenize: sacreBLEU's tokeniser for BLEU (13a, intl, zh, char, none); None: as the target language is
            written, which the signature of the metric says.
    """

    name: ClassVar[str] = "translation"
    version: ClassVar[str] = "3"
    dataset_type: ClassVar[type] = ParallelText
    input_type = TokenInput
    target_type = TokenSequenceTarget
    metrics: ClassVar[tuple[Metric, ...]] = (BLEU, CHRF, TOKEN_PERPLEXITY)

    loader: Loader = field(default_factory=lambda: Loader(batch_size=128, batch_tokens=2_500))
    dataset: Dataset = field(default_factory=_interface_strings)
    lowercase: bool | None = None
    vocab_size: int = 4_000
    max_length: int = 100
    bleu_tokenize: str | None = option(None, choices=TOKENIZERS)

    def __post_init__(self) -> None:
        if self.vocab_size < _subwords.SMALLEST:
            raise ValueError(
                f"vocab_size is {self.vocab_size}; bytes and special symbols alone are {_subwords.SMALLEST}"
            )
        if self.max_length < 2:
            raise ValueError(f"max_length is {self.max_length}; a symbol and the end need at least 2")
        if self.bleu_tokenize not in (None, *TOKENIZERS):
            raise ValueError(f"bleu_tokenize is '{self.bleu_tokenize}'; it must be one of {', '.join(TOKENIZERS)}")
        if self._bleu_tokenizer != "13a":
            vars(self)["metrics"] = (bleu(tokenize=self._bleu_tokenizer), CHRF, TOKEN_PERPLEXITY)

    @property
    def dataset_name(self) -> str:
        """The data set with its direction, and its case where that is not the published one."""
        usual = self.dataset.defaults.get("lowercase", False)
        case = "" if self._lowercase == usual else ".cased" if usual else ".lower-cased"
        return f"{self.dataset.label}{case}"

    def prepare_data(self) -> None:
        """Fetch and read the data set, fit the vocabulary and encode, once; the result stays in the cache folder."""
        if not self.synthetic:
            self._build()

    def setup(self) -> TaskData:
        """Examples whose input and target are subword ids with an end symbol, (T,) and (U,)."""
        assert isinstance(self.dataset, ParallelText)
        parts: dict[str, Split] = {}
        if self.synthetic:
            pairs = self._pairs()
            subwords, notes = pairs.fit(self.vocab_size)
        else:
            folder = self._build()
            subwords, notes = load_vocabulary(folder)
        sentences = Sentences(subwords, self._lowercase, self.max_length)
        notes |= self.dataset.unused_files()
        for name in SPLITS:
            if self.synthetic:
                parts[name], long = in_memory(pairs, name, sentences)
            else:
                parts[name] = stored = StoredPairs(folder, name, sentences)
                long = stored.long
            if long:
                what = "left out" if name == "train" else "cut"
                notes[f"{name} pairs over {self.max_length} subwords, {what}"] = long
        test = parts["test"]
        notes |= self._tokenization_notes([test[i].references[0] for i in range(len(test))])
        size = len(subwords)
        return TaskData(
            parts["train"],
            parts["val"],
            parts["test"],
            TokenInput(size, _subwords.PAD),
            TokenSequenceTarget(size, _subwords.PAD, _subwords.BOS, _subwords.EOS, self.max_length),
            preprocessing=sentences,
            notes=notes,
        )

    def load_preprocessing(self, folder: Path) -> Sentences:
        """Vocabulary and case."""
        return Sentences.load(folder)

    def tiny(self) -> Translation:
        """The data set's tiny form, with few subwords."""
        return replace(self, dataset=self.dataset.tiny(), vocab_size=400, max_length=20, loader=Loader(batch_size=32))

    def baselines(self) -> tuple[Baseline, ...]:
        """Copying the nearest training pair: what a memory alone would score; and the data set's own."""
        return (COPY_NEAREST_NEIGHBOUR, *super().baselines())

    # -- private ---------------------------------------------------------------------------------------

    @property
    def _lowercase(self) -> bool:
        return bool(self.on_this_data("lowercase", False))

    @property
    def _bleu_tokenizer(self) -> str:
        assert isinstance(self.dataset, ParallelText)
        return self.bleu_tokenize or bleu_tokenization(self.dataset.target_language).name

    def _tokenization_notes(self, references: Sequence[str]) -> dict[str, str | int | float]:
        """What the report should say of BLEU's tokens; nothing where they are the usual ones of a known language."""
        assert isinstance(self.dataset, ParallelText)
        name, found = self._bleu_tokenizer, bleu_tokenization(self.dataset.target_language)
        why = "task.bleu_tokenize" if self.bleu_tokenize else found.why
        if name not in ("zh", "char") and without_blanks("".join(references)):
            why += "; most references are written without blanks: set task.bleu_tokenize=char, or zh for Chinese"
        elif name == "13a" and not self.bleu_tokenize and found.known:
            return {}
        return {"BLEU's tokeniser": f"{name} ({why})"}

    def _build(self) -> Path:
        """The folder of prepared data, named by all that decides its content."""
        data = self.data_fingerprint()
        decides = [_PREPARATION, data, self.dataset_name, self.vocab_size]
        digest = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
        folder = cache_dir() / "translation" / f"{self.dataset_name}-{digest}"

        def build(part: Path) -> None:
            DatasetTask.prepare_data(self)
            with waiting(f"Preparing {self.dataset_name}"):
                store(self._pairs(), self.vocab_size, part)

        return build_once(folder, build, unchanged=lambda: self.data_fingerprint() == data)

    def _pairs(self) -> Pairs:
        return Pairs(self.dataset.read(), self._lowercase)


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [Translation]
