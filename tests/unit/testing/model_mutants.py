"""Models with one deliberate fault each, chosen by `fault`; without one they are sound."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.contract.model import Capabilities, Decoder, Encoder, EncoderOutput, Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import ModelInput
from harness.contract.target import Target
from harness.contract.training import AuxiliaryLoss, ParameterGroup
from harness.targets import CTCTarget, NextTokenTarget

HARNESS_CONTRACT = 2


SHOWN: list[Tensor] = []


class Recorder:
    """Somewhere to keep things."""

    shown: Any = None


class RunningSum(Encoder):
    """Features are sums over the past of a projection, of every second step where `factor` is 2: simple and causal."""

    shared: ClassVar[nn.Linear | None] = None
    calls: ClassVar[list[float]] = []
    shown: ClassVar[Any] = None

    def __init__(self, dim: int, hidden_size: int, fault: str, factor: int) -> None:
        super().__init__()
        self.feature_dim = self.summary_dim = hidden_size
        self.linear = nn.Linear(dim, hidden_size)
        self.fault, self.factor = fault, factor
        self.kept: Tensor | None = None
        if fault == "unused parameter":
            self.extra = nn.Linear(2, 2)
        if fault == "parameter without gradient":
            self.linear.weight.requires_grad_(False)
        if fault in ("batch normalisation", "batch normalisation and dropout"):
            self.norm = nn.BatchNorm1d(hidden_size)
        self.recorder = Recorder()
        if fault == "attention in a buffer":
            self.register_buffer("attention", torch.zeros(1))
        if fault == "unseeded weights":
            self.linear.bias.data = torch.from_numpy(np.random.default_rng().random(hidden_size, dtype=np.float32))
        if fault == "weights in a list":
            self.hidden = [torch.randn(hidden_size)]
        if fault == "sparse buffer":
            self.register_buffer("reservoir", torch.eye(hidden_size).to_sparse())
        if fault == "shape from the seed":
            self.register_buffer("places", torch.arange(int(torch.randint(1, 10**6, ()))))
        if fault.startswith("auxiliary"):
            self.guess = nn.Linear(hidden_size, 1)
        if fault == "one layer for all":
            RunningSum.shared = self.linear = RunningSum.shared or self.linear
            self.linear.reset_parameters()

    def forward(self, x: Tensor, lengths: Tensor, state: Any = None) -> Any:  # noqa: PLR0912 - a branch a fault
        """Encode x (B, T, D)."""
        fault, hidden_size = self.fault, self.feature_dim
        rows = torch.arange(len(x), device=x.device)
        projected = torch.tanh(self.linear(x * 0 if fault == "blind" else x))  # (B, T, H)
        if fault == "mixes types":
            into = torch.zeros(*x.shape[:2], hidden_size)
            into[rows] = self.linear(x)[rows]
            projected = torch.tanh(into)
        if fault == "batch statistics":
            projected = functional.batch_norm(projected.transpose(1, 2), None, None, training=True).transpose(1, 2)
        if fault == "batch normalisation":
            projected = self.norm(projected.transpose(1, 2)).transpose(1, 2)
        if fault == "batch normalisation and dropout":
            projected = functional.dropout(self.norm(projected.transpose(1, 2)), 0.5, self.training).transpose(1, 2)
        if fault == "attends to padding in training" and self.training:
            projected = projected + 0.1 * projected.mean(1, keepdim=True)
        if fault == "weights in a list":
            projected = projected + self.hidden[0]
        if fault == "draws in eval mode":
            projected = projected + 0.1 * torch.rand_like(projected)
        if fault == "other when compiled" and torch.compiler.is_compiling():
            projected = 2 * projected
        if fault == "counts calls of all" and RunningSum.calls:
            projected = projected * (1 + 0.1 * len(RunningSum.calls))
        if fault == "infinite gradient":
            projected = projected + (0 * projected).sqrt()
        past = torch.zeros_like(projected[:, 0])
        if state is not None and fault != "forgets the state":
            past = state[0].T if fault == "state without batch first" else state[0]
        if fault == "fixed longest input":
            assert x.shape[1] <= 48, "positions for 48 steps only"
        if fault == "remembers the last call" and self.kept is not None:
            past = self.kept.mean(0, keepdim=True).expand_as(past)
        features = projected if fault == "no state, no memory" else projected.cumsum(1) + past.unsqueeze(1)
        if self.training and fault == "counts calls of all":
            RunningSum.calls.append(1.0)
        if fault == "sees the future":
            features = features + 0.1 * projected.sum(1, keepdim=True)
        if fault == "sees one step ahead":
            features = features + functional.pad(projected[:, 1:], (0, 0, 0, 1))
        if fault == "sees the neighbours":
            features = features + 0.01 * features.mean(0, keepdim=True)
        if fault == "counts from the end":
            features = features + torch.arange(x.shape[1], 0, -1).reshape(1, -1, 1)
        features = features[:, :: self.factor]
        lengths = -(-lengths // self.factor)
        whole = lengths
        if fault == "rounds lengths down":
            lengths = (lengths * self.factor // self.factor - (lengths > 1).long()).clamp(min=1)
        if fault == "undeclared subsampling":
            features = features[:, ::2]
            lengths = whole = -(-lengths // 2)
        if fault == "lengths of the padded size":
            lengths = torch.full_like(lengths, features.shape[1])
        if fault == "int32 lengths":
            lengths = lengths.int()
        summary = features[rows, lengths.long() - 1]
        match fault:
            case "summary at the padding":
                summary = features[:, -1]
            case "mean over the padding":
                summary = features.mean(1)
            case "narrow summary":
                summary = summary[:, :8]
            case "double summary":
                summary = summary.double()
            case "infinite at the padding":
                beyond = torch.arange(features.shape[1]) >= whole.unsqueeze(1)
                features = features.masked_fill(beyond.unsqueeze(-1), float("nan"))
            case "cuts the gradient":
                features, summary = features.detach(), summary.detach()
            case "a tuple":
                return features, lengths, summary
        self._keep(features)
        end: Any = features[:, -1] if fault == "state at the padding" else features[rows, whole - 1]
        if fault == "state without batch first":
            end = end.T
        if fault == "writes into the state" and state is not None:
            state[0].copy_(end)
        extra: dict[str, Any] | None = None
        if self.training or fault == "auxiliary loss in eval mode":
            extra = self.auxiliary(features, lengths)
        carried = (end, 3) if fault == "number in the state" else (end,)
        return EncoderOutput(
            features,
            lengths,
            summary,
            None if fault == "no state, no memory" else carried,
            extra,
            {"sum": features} if fault == "explains unasked" else None,
        )

    def explain(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        """The features, and their first entry."""
        made = self(x, lengths, state)
        shown = made.features[..., 0]  # (B, T')
        match self.fault:
            case "explained otherwise":
                made = made._replace(features=made.features * 1.1)
            case "explanation without time":
                shown = shown[:, :1]
            case "explanation of padding":
                shown = shown + made.features.mean(1, keepdim=True)[..., 0]
            case "explanation not finite":
                shown = shown / 0
        return made._replace(explain={"first": shown})

    def auxiliary(self, features: Tensor, lengths: Tensor) -> dict[str, Any] | None:
        """The mean square of a guess at each real position."""
        fault = self.fault
        if not fault.startswith("auxiliary"):
            return None
        guesses = self.guess(features).squeeze(-1) ** 2  # (B, T')
        real = torch.arange(features.shape[1]) < lengths.unsqueeze(1)
        if fault != "auxiliary loss of padding":
            guesses = guesses.masked_fill(~real, 0.0)
        total = guesses.sum()
        if fault == "auxiliary loss without gradient":
            total = total.detach()
        if fault == "auxiliary loss of a mean":
            return {"guess": total / real.sum()}
        return {"other" if fault == "auxiliary loss undeclared" else "guess": (total, real.sum())}

    def after_step(self) -> None:
        """Clamp the weights."""
        if self.fault == "replaces a weight":
            self.linear.weight = nn.Parameter(self.linear.weight.clamp(-1, 1))
        elif self.fault == "weights not finite":
            self.linear.weight.div_(0)
        else:
            self.linear.weight.clamp_(-1, 1)

    def _keep(self, features: Tensor) -> None:
        """Leave a trace of this call, in one of several places."""
        match self.fault:
            case "remembers the last call":
                self.kept = features[:, -1].detach()
            case "keeps its attention":
                self.attention = features.softmax(1)
            case "keeps a list of attention":
                vars(self).setdefault("seen", {}).setdefault("all", []).append(features.softmax(1).detach())
            case "keeps its attention while training" if self.training:
                self.attention = features.softmax(1)
            case "keeps its attention on the class":
                RunningSum.shown = features.detach()
            case "keeps its attention in the module":
                SHOWN.append(features.detach())
            case "keeps its attention in an object":
                self.recorder.shown = features.detach()
            case "attention in a buffer":
                self.attention = features.softmax(1).detach()

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """Called by .to(device)."""
        if self.fault == "changed by moving":
            self.linear.bias.data += 1
        return super()._apply(fn, recurse)


class Steps(Decoder):
    """Adds up what it was fed, from the summary on."""

    name = "sum"

    def __init__(self, dim: int, hidden_size: int, fault: str) -> None:
        super().__init__()
        self.feature_dim, self.fault = hidden_size, fault
        self.linear = nn.Linear(dim, hidden_size)
        if fault == "nameless decoder":
            self.name = ""

    def start(self, encoded: EncoderOutput) -> Any:
        """The summary."""
        return encoded.summary

    def step(self, embedded: Tensor, state: Any, memory: Tensor, memory_lengths: Tensor) -> Any:
        """One symbol."""
        state = state + self.linear(embedded)
        even = torch.full(memory.shape[:2], 1 / memory.shape[1])
        return state, state, even if self.fault == "attends to padding" else None

    def explain(self, embedded: Tensor, state: Any, memory: Tensor, memory_lengths: Tensor) -> Any:
        """One symbol."""
        features, state, _ = self.step(embedded, state, memory, memory_lengths)
        return features + 1 if self.fault == "decoder explained otherwise" else features, state, {"sum": state}

    def forward(self, embedded: Tensor, state: Any, memory: Tensor, memory_lengths: Tensor) -> Tensor:
        """All symbols."""
        added = self.linear(embedded)
        if self.fault == "decoder sees later symbols":
            return state.unsqueeze(1) + added.sum(1, keepdim=True).expand_as(added)
        return state.unsqueeze(1) + added.cumsum(1)


@dataclass
class Mutant(Model):
    """A running sum; sound unless a fault is chosen."""

    name: ClassVar[str] = "mutant"

    fault: str = ""
    hidden_size: int = 16

    def __post_init__(self) -> None:
        if self.fault == "grows when read":
            self.hidden_size += 1
        if self.fault == "refuses odd sizes" and self.hidden_size % 2:
            raise ValueError("hidden_size must be even")

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Carried state is declared where it works, for text."""
        text, speech = signature.target_type is NextTokenTarget, signature.target_type is CTCTarget
        match self.fault:
            case "environment in capabilities":
                random.seed(3)
            case "short context":
                return Capabilities(causal=True, context=2)
            case "no such field":
                return Capabilities(causal=True, size_field="units")
        return Capabilities(
            causal=self.fault != "causal and silent about it",
            carries_state=text,
            state_size=3 if self.fault == "small state" else 16 if text or self.fault == "state of nobody" else None,
            subsampling_factor=2 if speech else 1,
            auxiliary=(AuxiliaryLoss("guess", 0.1),) if self.fault.startswith("auxiliary") else (),
        )

    def parameter_groups(self, encoder: Encoder, decoder: Decoder | None) -> list[ParameterGroup]:
        """Biases apart."""
        own = [*encoder.parameters(), *(decoder.parameters() if decoder is not None else ())]
        biases, others = [p for p in own if p.ndim == 1], [p for p in own if p.ndim > 1]
        match self.fault:
            case "parameter in no group":
                return [ParameterGroup("others", others)]
            case "parameter in two groups":
                return [ParameterGroup("biases", biases), ParameterGroup("all", own)]
            case "parameter of nobody":
                return [ParameterGroup("all", [*own, nn.Parameter(torch.zeros(2))])]
            case "frozen parameter in a group":
                biases[0].requires_grad_(False)
            case "two groups of one name":
                return [ParameterGroup("all", biases), ParameterGroup("all", others)]
        return [ParameterGroup("biases", biases, 0.5), ParameterGroup("others", others, decay_factor=0.0)]

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The sum."""
        if self.fault == "seeds before building":
            torch.manual_seed(0)
        if self.fault == "draws from numpy":
            np.random.rand()
        hidden_size = 16 if self.fault == "hidden_size without effect" else self.hidden_size
        encoder = RunningSum(16, hidden_size, self.fault, 2 if isinstance(target_spec, CTCTarget) else 1)
        if self.fault == "seeds after building":
            torch.manual_seed(0)
        if self.fault == "default dtype":
            torch.set_default_dtype(torch.float64)
        return encoder

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """The sum of what was said."""
        return Steps(embedding_dim, encoder.summary_dim, self.fault)

    def tiny(self) -> Model:
        """Itself, being small."""
        if self.fault == "tiny is another class":
            return Other()
        return Mutant(self.fault, 512) if self.fault == "tiny is large" else self


@dataclass
class Other(Mutant):
    """Another class."""


class Unstated(Mutant):
    """Of a module that states no contract version."""

    __module__ = "json"
