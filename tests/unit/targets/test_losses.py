"""Losses against torch's own, example by example, and their independence from batching."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from harness.contract.target import Target
from harness.targets import (
    ClassTarget,
    CTCTarget,
    ForecastTarget,
    MaskedTaggingTarget,
    NextTokenTarget,
    TaggingTarget,
    TokenSequenceTarget,
)

K = 7
SEQUENCE_SPECS = [TaggingTarget(K), NextTokenTarget(K), TokenSequenceTarget(K)]
one_of_each = pytest.mark.parametrize(
    "spec",
    [ClassTarget(K), CTCTarget(K - 1), ForecastTarget(3, 2), *SEQUENCE_SPECS],
    ids=lambda s: type(s).__name__,
)


def _example(spec: Target, index: int) -> tuple[Tensor, Tensor]:
    """Outputs and target of one example, unpadded."""
    draw = torch.Generator().manual_seed(index)
    length = 6 + index % 5
    match spec:
        case ClassTarget():
            return torch.randn(K, generator=draw), torch.randint(K, (), generator=draw)
        case ForecastTarget():
            return torch.randn(3, 2, generator=draw), torch.randn(3, 2, generator=draw)
        case CTCTarget():
            return torch.randn(length, K, generator=draw), torch.randint(1, K, (1 + index % 3,), generator=draw)
    return torch.randn(length, K, generator=draw), torch.randint(K, (length,), generator=draw)


def _batch(spec: Target, indices: list[int], extra: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Outputs, output lengths, targets, target lengths; `extra` steps of padding full of nonsense."""
    outputs, targets = zip(*(_example(spec, i) for i in indices), strict=True)
    if isinstance(spec, ClassTarget | ForecastTarget):
        ones = torch.ones(len(indices), dtype=torch.int64)
        return torch.stack(outputs), ones, torch.stack(targets), ones
    output_lengths, target_lengths = (torch.tensor([len(t) for t in part]) for part in (outputs, targets))
    padded = pad_sequence(list(outputs), batch_first=True, padding_value=50.0)
    wanted = pad_sequence(list(targets), batch_first=True)
    if extra:
        padded = functional.pad(padded, (0, 0, 0, extra), value=-50.0)
        wanted = functional.pad(wanted, (0, extra), value=1)
    return padded, output_lengths, wanted, target_lengths


def _reference(spec: Target, index: int, label_smoothing: float = 0.0) -> float:
    """Torch's loss of one unpadded example."""
    output, target = _example(spec, index)
    match spec:
        case ForecastTarget():
            return float(functional.mse_loss(output, target, reduction="sum"))
        case CTCTarget():
            logs = output.log_softmax(-1).unsqueeze(1)
            lengths = torch.tensor([len(output)]), torch.tensor([len(target)])
            return float(functional.ctc_loss(logs, target.unsqueeze(0), *lengths, reduction="sum"))
    return float(functional.cross_entropy(output, target, reduction="sum", label_smoothing=label_smoothing))


@one_of_each
def test_each_row_is_torchs_loss_of_the_unpadded_example(spec: Target) -> None:
    rows = spec.loss_rows(*_batch(spec, list(range(8))))
    torch.testing.assert_close(rows, torch.tensor([_reference(spec, i) for i in range(8)]), rtol=1e-5, atol=1e-5)


@one_of_each
def test_sum_and_count_do_not_depend_on_batching_or_padding(spec: Target) -> None:
    whole_sum, whole_count = spec.loss_sum(*_batch(spec, list(range(8)), extra=4))
    parts = [spec.loss_sum(*_batch(spec, part)) for part in ([5, 0, 7], [2], [6, 1, 3, 4])]
    assert float(whole_sum) == pytest.approx(sum(float(s) for s, _ in parts), rel=1e-5)
    assert int(whole_count) == sum(int(c) for _, c in parts)


@one_of_each
def test_no_gradient_comes_from_padding(spec: Target) -> None:
    outputs, lengths, targets, target_lengths = _batch(spec, [0, 1, 2, 3])
    outputs.requires_grad_()
    total, _ = spec.loss_sum(outputs, lengths, targets, target_lengths)
    (gradient,) = torch.autograd.grad(total, outputs)
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0
    if not isinstance(spec, ClassTarget | ForecastTarget):
        steps = torch.arange(outputs.shape[1]) >= lengths.unsqueeze(1)
        assert gradient[steps].abs().sum() == 0


@pytest.mark.parametrize("spec", [ClassTarget(K), *SEQUENCE_SPECS], ids=lambda s: type(s).__name__)
def test_label_smoothing_is_torchs(spec: Target) -> None:
    rows = spec.loss_rows(*_batch(spec, [0, 1, 2]), label_smoothing=0.1)
    torch.testing.assert_close(rows, torch.tensor([_reference(spec, i, 0.1) for i in range(3)]), rtol=1e-5, atol=1e-5)


def test_a_transcript_that_does_not_fit_costs_infinity_and_is_not_hidden() -> None:
    spec = CTCTarget(3)
    outputs = torch.zeros(1, 3, 4)
    rows = spec.loss_rows(outputs, torch.tensor([3]), torch.tensor([[1, 1]]), torch.tensor([2]))
    assert rows.isfinite().all()  # 1, blank, 1 just fits
    rows = spec.loss_rows(outputs, torch.tensor([2]), torch.tensor([[1, 1]]), torch.tensor([2]))
    assert rows.isinf().all()


def test_half_precision_outputs_are_summed_in_fp32() -> None:
    outputs = torch.randn(4, 5, K).bfloat16()
    targets = torch.randint(K, (4, 5))
    lengths = torch.full((4,), 5)
    rows = NextTokenTarget(K).loss_rows(outputs, lengths, targets, lengths)
    assert rows.dtype == torch.float32


@pytest.mark.parametrize(
    ("spec", "counts", "work", "unit"),
    [
        (ClassTarget(K), [1, 1], 2, "examples/s"),
        (ForecastTarget(3, 2), [6, 6], 2, "examples/s"),
        (CTCTarget(K), [4, 2], 30, "input frames/s"),
        (TaggingTarget(K), [4, 2], 30, "input frames/s"),
        (MaskedTaggingTarget(K), [4, 2], 30, "input frames/s"),
        (NextTokenTarget(K), [4, 2], 6, "target tokens/s"),
        (TokenSequenceTarget(K), [4, 2], 6, "target tokens/s"),
    ],
    ids=lambda s: type(s).__name__ if not isinstance(s, list | int | str) else "",
)
def test_units_are_real_and_unpadded(spec: Target, counts: list[int], work: int, unit: str) -> None:
    input_lengths, target_lengths = torch.tensor([20, 10]), torch.tensor([4, 2])
    targets = torch.zeros(2, 4, dtype=torch.int64)
    assert spec.loss_counts(targets, target_lengths).tolist() == counts
    total, name = spec.work(input_lengths, target_lengths)
    assert (total, name) == (work, unit)
