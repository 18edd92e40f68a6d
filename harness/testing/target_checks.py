"""All clauses of the target contract, the quick ones first; each is checked on a `TargetSubject`."""

from __future__ import annotations

from harness.testing.clause import Clause
from harness.testing.plugin_clauses import contract_version
from harness.testing.target_answers import answers, charts, decoding, metrics
from harness.testing.target_declarations import target_declarations, targets
from harness.testing.target_loss import (
    head_dropout,
    head_gradients,
    loss_batching,
    loss_padding,
    loss_totals,
    outputs,
    training,
)
from harness.testing.target_subject import TargetSubject

CLAUSES: tuple[Clause[TargetSubject], ...] = (
    contract_version,
    target_declarations,
    targets,
    outputs,
    loss_totals,
    loss_padding,
    loss_batching,
    training,
    head_gradients,
    head_dropout,
    answers,
    metrics,
    charts,
    decoding,
)
