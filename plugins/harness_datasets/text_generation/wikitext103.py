"""WikiText-103: a hundred million words of Wikipedia, the user's copy in its published layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness_datasets.text_generation._wikitext import WikiText

HARNESS_CONTRACT = 2


@dataclass
class WikiText103(WikiText):
    """28,475 articles; by words unless `task.symbols` says otherwise.

    Fields:
        root: the zip, or a folder with wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens at any depth.
    """

    name: ClassVar[str] = "wikitext103"
    tried: ClassVar[bool] = False
    defaults: ClassVar = {"symbols": "word"}
    archive: ClassVar[str] = "wikitext-103-v1"
    words: ClassVar[int] = 103_227_021


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [WikiText103]
