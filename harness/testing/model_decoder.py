"""The clause of the model contract on decoders: one symbol at a time equals all at once.

Axes: B batch, T' feature time, U target time, D embedding, H hidden_size.
"""

from __future__ import annotations

import torch

from harness.nn.masking import length_mask
from harness.testing.cases import TRAINER
from harness.testing.clause import clause
from harness.testing.comparison import equal, near
from harness.testing.model_subject import ModelSubject

STEPS = 5


def _no_decoder(subject: ModelSubject) -> str:
    return "" if subject.case.target.needs.reads == "decoder" else "only target sequences are decoded"


@clause(
    "Make Decoder.forward equal to repeated Decoder.step from Decoder.start: each step sees the symbols up to its own, "
    "attends to memory within `memory_lengths` only, and keeps all that it remembers in the state.",
    inapplicable=_no_decoder,
)
@torch.no_grad()
def decoder(subject: ModelSubject) -> None:
    """The decoder's whole pass equals its repeated steps, and no step sees a later symbol or the padding."""
    net, data = subject.shared, subject.batch()
    assert net.decoder is not None
    assert isinstance(net.decoder.name, str), "Decoder.name must be a text; the run records it"
    assert net.decoder.name, "Decoder.name must not be empty; the run records it"
    encoded = net.encode(data.inputs, data.input_lengths)
    rows, dim = len(data), TRAINER.embedding_dim
    embedded = torch.randn(rows, STEPS, dim, generator=torch.Generator().manual_seed(0))  # (B, U, D)
    memory = (encoded.features, encoded.lengths)
    whole = net.decoder(embedded, net.decoder.start(encoded), *memory)
    equal("shape of the decoder's features", tuple(whole.shape), (rows, STEPS, net.decoder.feature_dim))
    state = net.decoder.start(encoded)
    for step in range(STEPS):
        features, state, attention = net.decoder.step(embedded[:, step], state, *memory)
        near(features, whole[:, step], f"step {step} of the decoder differs from its whole pass")
        if attention is not None:
            near(attention.sum(1), torch.ones(rows), "attention does not add up to 1")
            beyond = ~length_mask(encoded.lengths, attention.shape[1])
            near(attention[beyond], torch.zeros_like(attention[beyond]), "attention falls on padding")
