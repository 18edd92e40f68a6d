"""Tagged sentences on their way from files to raw examples: from pieces of text to words, and from files to splits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.contract.dataset import RawData, RawExample
from harness.contract.text import normal_form
from harness.data.contamination import plain
from harness.data.splitting import Shares, SplitPositions, by_group
from harness.errors import DataError

_WORD = re.compile(r"\S*[^\s.,?!;:]|[.,?!;:]+")
Notes = dict[str, str | int | float]


class Sentence(NamedTuple):
    """Words and as many tags, none with a blank."""

    words: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words with blanks between them."""
        return " ".join(self.words)


class SlotPiece(NamedTuple):
    """A piece of a sentence; `slot` is empty outside of slots."""

    text: str
    slot: str = ""


def tagged(pieces: Iterable[SlotPiece]) -> Sentence:
    """Words of joined pieces with BIO tags; a word that a slot has any character of belongs to the slot.

    Words stand between blanks; signs that end them are words of their own.
    """
    text, owners, slots = "", list[int](), list[str]()
    for piece in pieces:
        part = normal_form(piece.text)
        slots.append(piece.slot)
        text, owners = text + part, [*owners, *[len(slots) - 1] * len(part)]
    words, tags, last = [], [], -1
    for found in _WORD.finditer(text):
        owner = next((o for o in owners[found.start() : found.end()] if slots[o]), -1)
        words.append(found.group())
        tags.append("O" if owner < 0 else f"{'I' if owner == last else 'B'}-{slots[owner]}")
        last = owner
    return Sentence(tuple(words), tuple(tags))


def word(text: str) -> str:
    """A word of a file in normal form, without blanks inside; "_" if nothing of it can be seen."""
    return "_".join(normal_form(text).split()) or "_"


def raw_data(splits: Mapping[str, Sequence[Sentence]], notes: Notes, labels: tuple[str, ...] = ()) -> RawData:
    """Splits as raw examples, named by split and number.

    Sentences that stand in test are left out of training and validation, and those of validation out of training, up
    to case and signs; test stays as it is. The notes count them.

    Raises:
        DataError: nothing is left for training or validation.
    """
    held = {plain(one.text) for one in splits["test"]}
    made = {"test": _examples("test", splits["test"])}
    for split, later in (("val", "test"), ("train", "validation or test")):
        kept = [(n, one) for n, one in enumerate(splits[split], start=1) if plain(one.text) not in held]
        name = {"val": "validation", "train": "training"}[split]
        if len(kept) < len(splits[split]):
            notes[f"{name} sentences left out, which stand in {later}"] = len(splits[split]) - len(kept)
        if not kept:
            raise DataError(f"No sentence is left for {name}: each of {len(splits[split])} stands in {later}, too.")
        made[split] = [_example(split, n, one) for n, one in kept]
        held |= {plain(one.text) for _, one in kept}
    return RawData(made["train"], made["val"], made["test"], labels=labels, notes=notes)


def completed(found: Mapping[str, Sequence[Sentence]], rest: str) -> tuple[dict[str, Sequence[Sentence]], Notes]:
    """Three splits from those that files give.

    A single file is split 80/10/10. Where validation is missing, a tenth of training is held out. Where training is
    missing, validation takes its place. All by the hash of a sentence.

    Args:
        found: sentences by "train", "val", "test"; or of "all".
        rest: what is expected, for the message.

    Raises:
        DataError: there are not enough files or sentences.
    """
    if "all" in found:
        parts = _divided(found["all"], Shares())
        return _named(found["all"], parts), {"split": parts.rule}
    if "test" not in found or not {"train", "val"} & found.keys():
        raise DataError(f"There is no {'test' if 'test' not in found else 'training'} file. Expected: {rest}.")
    if found.keys() >= {"train", "val", "test"}:
        return dict(found), {"split": "as the files give it"}
    name = "train" if "train" in found else "val"
    parts = _divided(found[name], Shares(0.05, 0.05))
    both = _named(found[name], parts)
    said = "a tenth of training is validation" if name == "train" else "dev stands in for training, but a tenth"
    splits = {"train": both["train"], "val": [*both["val"], *both["test"]], "test": found["test"]}
    return splits, {"split": f"{said}, by the hash of the sentence; test as its file gives it"}


def _divided(sentences: Sequence[Sentence], shares: Shares) -> SplitPositions:
    if len({plain(one.text) for one in sentences}) < 3:
        raise DataError(
            f"{len(sentences)} sentences are too few to hold any out; at least 3 different ones are needed."
        )
    return by_group([plain(one.text) for one in sentences], shares, named="sentence")


def _named(sentences: Sequence[Sentence], parts: SplitPositions) -> dict[str, Sequence[Sentence]]:
    chosen = {"train": parts.train, "val": parts.val, "test": parts.test}
    return {name: [sentences[i] for i in where.tolist()] for name, where in chosen.items()}


def _examples(split: str, sentences: Sequence[Sentence]) -> list[RawExample]:
    return [_example(split, n, one) for n, one in enumerate(sentences, start=1)]


def _example(split: str, number: int, one: Sentence) -> RawExample:
    return RawExample(f"{split}-{number:06d}", one.text, " ".join(one.tags))
