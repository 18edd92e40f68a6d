"""What an encoder and a decoder show of themselves on one example: gates and states over time, and attention.

Read from the `explain` mappings of the model contract, whoever wrote the model; by names and shapes it is told what is
what. Axes: T' time of the features, H units, S positions attended to, U symbols written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from harness.contract.model import EncoderOutput
from harness.contract.specs import TokenInput
from harness.nn.network import Network

FEATURES = "features"
Kind = Literal["gate", "state"]


@dataclass(frozen=True)
class Trace:
    """Units over time.

    Attributes:
        name: "layer_1.forget_gate".
        kind: "gate": between 0 and 1; "state": anything else.
        values: float32 (T', H).
    """

    name: str
    kind: Kind
    values: np.ndarray


@dataclass(frozen=True)
class AttentionMap:
    """What each position attends to.

    Attributes:
        name: "layer_2.attention"; "decoder.attention" for that of the symbols written.
        values: float32 (heads, rows, S); one head where heads are not told apart.
        over: whether columns are positions of the features, "positions", or of a window that ends at the row's
            position, "window".
    """

    name: str
    values: np.ndarray
    over: Literal["positions", "window"] = "positions"


@dataclass(frozen=True)
class ModelExplanation:
    """All that can be drawn of one example.

    Attributes:
        traces: the mapping's, and last the features, which every model has.
        maps: attention.
        weights: float32 (T',) by name: one number a step, such as the attention that forms the summary.
        missing: what cannot be shown, in sentences.
    """

    traces: tuple[Trace, ...]
    maps: tuple[AttentionMap, ...]
    weights: Mapping[str, np.ndarray]
    missing: tuple[str, ...]


def as_tensors(inputs: np.ndarray, network: Network, spec: object) -> tuple[Tensor, Tensor]:
    """One input as a batch (1, T, ...) and its length (1,), where the network computes."""
    device = next(network.parameters()).device
    kind = torch.int64 if isinstance(spec, TokenInput) else torch.float32
    return torch.as_tensor(inputs, dtype=kind, device=device)[None], torch.tensor([len(inputs)], device=device)


@torch.no_grad()
def shown_of(
    network: Network, inputs: np.ndarray, spec: object, written: Sequence[int] | None = None
) -> ModelExplanation:
    """What a network shows of one input.

    Args:
        network: in eval mode.
        inputs: (T, ...), as `Example.input`.
        spec: of the input.
        written: the symbols that its decoder wrote, without begin and end; None: it has no decoder.
    """
    encoded = network.explain(*as_tensors(inputs, network, spec))
    found, missing = dict(encoded.explain or {}), list[str]()
    traces, maps, weights = list[Trace](), list[AttentionMap](), dict[str, np.ndarray]()
    for name, value in found.items():
        array = value[0].float().cpu().numpy()  # (T', ...)
        if len(value) > 1:
            missing.append(f"'{name}' is of {len(value)} views of the input; the first is shown.")
        if array.ndim == 1:
            weights[name] = array
        elif "attention" in name and array.ndim in (2, 3):
            maps.append(_map(name, array if array.ndim == 3 else array[:, None]))
        elif array.ndim == 2:
            traces.append(Trace(name, "gate" if "gate" in name else "state", array))
        else:
            missing.append(f"'{name}' has the shape {tuple(array.shape)}, for which there is no drawing.")
    missing += _absent(network, found)
    traces.append(Trace(FEATURES, "state", encoded.features[0].float().cpu().numpy()))
    if written is not None and network.decoder is not None:
        alignments = _alignments(network, encoded, written)
        maps += [AttentionMap(f"decoder.{name}", array) for name, array in alignments.items()]
        if not alignments:
            missing.append(f"The decoder ({network.decoder_name}) shows no attention, so there is no alignment.")
    return ModelExplanation(tuple(traces), tuple(maps), weights, tuple(missing))


def _absent(network: Network, found: Mapping[str, Tensor]) -> list[str]:
    model = network.model_name
    if not found:
        return [
            f"Model '{model}' explains nothing: its encoder leaves `Encoder.explain` as it is, so there are neither "
            "gates nor attention to show; its features are shown."
        ]
    absent = [words for sign, words in (("gate", "gates"), ("cell_state", "cell states"), ("attention", "attention"))
              if not any(sign in name for name in found)]  # fmt: skip
    return [f"The encoder of model '{model}' shows no {' and no '.join(absent)}."] if absent else []


def _map(name: str, array: np.ndarray) -> AttentionMap:
    """Of attention (T', heads, S)."""
    values = array.transpose(1, 0, 2)  # (heads, T', S)
    steps, seen = values.shape[1:]
    # The newest of a window is its last column. Where both have one size, the first position tells them apart: in a
    # window nothing is before it.
    window = steps != seen or (steps > 1 and bool(np.all(values[:, 0, :-1] == 0)) and bool(np.any(values[:, 0, -1])))
    return AttentionMap(name, values, "window" if window else "positions")


def aligned(found: AttentionMap) -> np.ndarray:
    """The map over positions, float32 (heads, T', T'): a window's columns are moved to the positions they stand for."""
    if found.over == "positions":
        return found.values
    heads, steps, size = found.values.shape
    moved = np.zeros((heads, steps, steps), np.float32)
    for row in range(steps):
        first = row - size + 1
        moved[:, row, max(first, 0) : row + 1] = found.values[:, row, max(-first, 0) :]
    return moved


def _alignments(network: Network, encoded: EncoderOutput, written: Sequence[int]) -> dict[str, np.ndarray]:
    """Attention (heads, U, S) by name, of each symbol written and of the end, given those before it."""
    decoder, embed, words = network.decoder, network.target_embedding, network.target.vocabulary
    assert decoder is not None
    assert embed is not None
    assert words is not None
    assert words.bos_id is not None
    state, steps = decoder.start(encoded), dict[str, list[np.ndarray]]()
    for symbol in (words.bos_id, *written):
        given = embed(torch.tensor([symbol], device=encoded.features.device))
        _, state, found = decoder.explain(given, state, encoded.features, encoded.lengths)
        for name, value in found.items():
            array = value[0].float().cpu().numpy()
            if "attention" in name and array.ndim in (1, 2):
                steps.setdefault(name, []).append(array if array.ndim == 2 else array[None])  # (heads, S)
    return {name: np.stack(rows, axis=1) for name, rows in steps.items()}
