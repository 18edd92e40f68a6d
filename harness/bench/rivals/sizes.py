"""The language models compared, with the target of each comparison."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RivalSize:
    """An LSTM language model and its batches; Adam, gradients clipped to a norm of 1.

    Embedding, dropout, LSTM layers with dropout between them, dropout, a projection to the embedding's size, and an
    output layer with untied weights.

    Attributes:
        name: used in the rows' names.
        hidden_size: H of every layer, and of the embedding.
        layers: how many.
        symbols: V of the vocabulary.
        batch, time: B rows of T symbols.
        dropout: on everything between layers.
        steps: of a timed block.
        wanted: rival -> the minimum speed-up over it, in our fastest precision.
    """

    name: str
    hidden_size: int
    layers: int
    symbols: int
    batch: int
    time: int
    dropout: float = 0.0
    steps: int = 10
    wanted: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """A short description."""
        return f"LSTM {self.hidden_size} x {self.layers}, batch {self.batch} x {self.time}, {self.symbols:,} symbols"


SMALL = RivalSize("small", 256, 1, 65, 64, 64, wanted={"torch": 3.0, "keras-tf": 4.5})
"""A language model of characters."""

MEDIUM = RivalSize("medium", 650, 2, 10_000, 20, 35, dropout=0.5, steps=5, wanted={"torch": 1.8, "keras-tf": 2.3})
"""The medium model of W. Zaremba et al., "Recurrent Neural Network Regularization", 2014, section 4.1."""
