"""What a trained model makes by itself: texts after the task's prompts, or what the target continues."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from harness.config.settings import DecodingSettings
from harness.contract.model import State
from harness.contract.target import Target
from harness.contract.task import TaskData
from harness.nn.network import Network
from harness.nn.sampling import sample
from harness.store.records import SampleRow
from harness.training.score_stream import stream_symbols
from harness.training.seeding import generator


@torch.no_grad()
def generate(network: Network, data: TaskData, decoding: DecodingSettings, seed: int) -> list[SampleRow]:
    """`decoding.samples` texts, prompts taken in turn; the same for the same seed."""
    spec = data.target_spec
    if not spec.needs.streams or data.decode is None or decoding.samples == 0:
        return []
    prompts = [list(data.prompts[i % len(data.prompts)]) if data.prompts else [] for i in range(decoding.samples)]
    texts = continuations(network, spec, prompts, decoding, generator(seed, "sampling"))
    return [
        SampleRow(f"sample {number}, temperature {decoding.temperature:g}", data.decode(prompt), "", data.decode(ids))
        for number, (prompt, ids) in enumerate(zip(prompts, texts, strict=True), start=1)
    ]


@torch.no_grad()
def composed(
    network: Network, data: TaskData, decoding: DecodingSettings, seed: int
) -> tuple[list[SampleRow], dict[str, bytes]]:
    """`decoding.samples` continuations of the first test examples, where the target makes such, and files by name."""
    network.eval()
    examples = [data.test[i] for i in range(min(decoding.samples, len(data.test)))]
    made = data.target_spec.samples(network, examples, decoding, generator(seed, "sampling")) if examples else []
    rows, files = list[SampleRow](), dict[str, bytes]()
    for number, (one, example) in enumerate(zip(made, examples, strict=False), start=1):
        rows.append(SampleRow(f"{example.id} continued", one.beginning, "", one.text))
        found = data.preprocessing.files(one.output) if data.preprocessing is not None else {}
        files |= {f"sample-{number}.{ending}": content for ending, content in found.items()}
    return rows, files


@torch.no_grad()
def continuations(
    network: Network,
    spec: Target,
    prompts: Sequence[Sequence[int]],
    decoding: DecodingSettings,
    random: torch.Generator,
) -> list[list[int]]:
    """`decoding.sample_length` symbols after each prompt, sampled side by side.

    Args:
        network: put into eval mode.
        spec: of the task; its examples are streams.
        prompts: symbol ids; an empty one begins a text.
        decoding: length, temperature and cuts.
        random: advanced by this call; a text depends on all prompts of the call.
    """
    bos, pad = stream_symbols(spec)
    network.eval()
    device = next(network.parameters()).device
    starts = [torch.tensor([bos, *prompt]) for prompt in prompts]
    return sample(
        _Stepper(network, torch.tensor([len(start) for start in starts], device=device)),
        pad_sequence(starts, batch_first=True, padding_value=pad).to(device),
        decoding.sample_length,
        random,
        temperature=decoding.temperature,
        top_k=decoding.top_k,
        top_p=decoding.top_p,
        forbid=(pad, bos),
    )


class _Stepper:
    """Feeds tokens to the network, carrying state, or re-reading the window for models that carry none.

    Args:
        network: in eval mode.
        lengths: int64 (B,), of the prompts, which are padded to one length; each later step has one symbol per row.
    """

    def __init__(self, network: Network, lengths: Tensor) -> None:
        self._network, self._lengths = network, lengths
        self._seen: Tensor | None = None

    def __call__(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) after the last real symbol of tokens (B, T), and the next state."""
        first = self._seen is None
        if self._seen is None:
            self._seen = tokens
        elif not self._network.capabilities.carries_state:
            # The new symbols go where each row ends; what was padding there is overwritten.
            self._seen = functional.pad(self._seen, (0, 1)).scatter(1, self._lengths[:, None], tokens)
            self._lengths = self._lengths + 1
        if self._network.capabilities.carries_state:
            lengths = self._lengths if first else torch.ones_like(self._lengths)
        else:
            tokens, lengths = _windows(self._seen, self._lengths, self._network.capabilities.context or 256)
        logits, _, state = self._network(tokens, lengths, state=state)
        return logits[torch.arange(len(tokens), device=tokens.device), lengths - 1].float(), state


def _windows(tokens: Tensor, lengths: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """The last `most` symbols of every row of tokens (B, T), and how many there are."""
    kept = lengths.clamp(max=most)
    index = (lengths - kept)[:, None] + torch.arange(int(kept.max()), device=tokens.device)
    return tokens.gather(1, index.clamp(max=tokens.shape[1] - 1)), kept
