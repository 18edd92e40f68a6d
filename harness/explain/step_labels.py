"""Words for the steps of an input, where they can be told; figures write them beside the steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.contract.batch import Example
from harness.contract.specs import TokenInput
from harness.inference.trained_model import TrainedModel

BEGIN, PADDING, END = "‹begin›", "‹pad›", "‹end›"
_SIGNS = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥"})


def input_labels(example: Example, model: TrainedModel) -> tuple[str, ...] | None:
    """A word for each symbol of an example's input; None where inputs are no symbols.

    No contract says how a single symbol of an input is written. So the symbols' own texts are taken where together
    they are the source, else the source's words or letters where there are as many as symbols, else the ids.
    """
    if not isinstance(model.input_spec, TokenInput) or example.input is None:
        return None
    ids = np.asarray(example.input).tolist()
    if model.target_spec.needs.streams:
        return symbol_labels(ids, model)
    source = example.source
    decoded = _texts(ids, model)
    if decoded is not None and _bare("".join(decoded)) == _bare(source):
        return tuple(_shown(text) or END for text in decoded)
    for parts in (source.split(), list(source)):
        if len(parts) == len(ids):
            return tuple(_shown(part) for part in parts)
        if len(parts) == len(ids) - 1:  # the engine's or the task's end symbol
            return (*(_shown(part) for part in parts), END)
    return tuple(f"#{number}" for number in ids)


def symbol_labels(ids: Sequence[int], model: TrainedModel) -> tuple[str, ...]:
    """A word for each symbol of the target's vocabulary."""
    words = model.target_spec.vocabulary
    special = {} if words is None else {words.pad_id: PADDING, words.eos_id: END, words.bos_id: BEGIN}
    texts = _texts(ids, model) or [""] * len(ids)
    pairs = zip(ids, texts, strict=True)
    return tuple(special.get(number) or _shown(text) or f"#{number}" for number, text in pairs)


def _texts(ids: Sequence[int], model: TrainedModel) -> list[str] | None:
    """What `Preprocessing.decode` makes of each id alone; None where it is made for other ids."""
    if model.preprocessing is None:
        return None
    try:
        return [model.preprocessing.decode([number]) for number in ids]
    except (IndexError, KeyError, ValueError, TypeError):  # tags, of which there are fewer than symbols
        return None


def _bare(text: str) -> str:
    return "".join(text.lower().split())


def _shown(text: str) -> str:
    """Blanks within and around a symbol are made visible where they are all of it, else left away."""
    return text.strip() or text.translate(_SIGNS)
