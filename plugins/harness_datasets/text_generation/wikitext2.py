"""WikiText-2: two million words of Wikipedia, the user's copy in its published layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness_datasets.text_generation._wikitext import WikiText

HARNESS_CONTRACT = 2

_PROTOCOL = "33,278 words, ends of lines counted; published split; one model, no cache"


def _figure(value: float, system: str, source: str, model: str) -> Reference:
    return Reference("perplexity", value, system, source, "wikitext2.word", model=model, protocol=_PROTOCOL)


_REFERENCES = (
    _figure(117.61, "LSTM, 6 epochs", "github.com/pytorch/examples, word_language_model, README", "lstm"),
    _figure(87.17, "LSTM, 40 epochs, tied", "github.com/pytorch/examples, word_language_model, README", "stacked_lstm"),
    _figure(65.6, "AWD-LSTM 3 × 1150, before fine-tuning", "github.com/salesforce/awd-lstm-lm, README", "stacked_lstm"),
)


@dataclass
class WikiText2(WikiText):
    """600 articles; by words unless `task.symbols` says otherwise.

    Fields:
        root: the zip, or a folder with wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens at any depth.
    """

    name: ClassVar[str] = "wikitext2"
    tried: ClassVar[bool] = False
    defaults: ClassVar = {"symbols": "word"}
    archive: ClassVar[str] = "wikitext-2-v1"
    words: ClassVar[int] = 2_088_628
    references: ClassVar[tuple[Reference, ...]] = _REFERENCES


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [WikiText2]
