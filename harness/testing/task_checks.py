"""All clauses of the task contract, the quick ones first; each is checked on a `TaskSubject`."""

from __future__ import annotations

from harness.testing.clause import Clause
from harness.testing.plugin_clauses import configuration, contract_version
from harness.testing.task_declarations import declarations, fingerprint, sources
from harness.testing.task_examples import ctc_feasibility, reading, specifications
from harness.testing.task_fitting import normalisation, vocabulary
from harness.testing.task_learning import batches, initial_loss, learning
from harness.testing.task_preparation import offline, preparation_at_once, preparation_killed, preparation_twice
from harness.testing.task_scoring import baselines, directions, scoring, statistics
from harness.testing.task_splits import copies, near_duplicates, repeatable, splits
from harness.testing.task_subject import TaskSubject

CLAUSES: tuple[Clause[TaskSubject], ...] = (
    contract_version,
    configuration,
    declarations,
    sources,
    fingerprint,
    specifications,
    batches,
    ctc_feasibility,
    splits,
    near_duplicates,
    copies,
    vocabulary,
    normalisation,
    reading,
    scoring,
    directions,
    statistics,
    baselines,
    initial_loss,
    learning,
    repeatable,
    preparation_twice,
    preparation_at_once,
    preparation_killed,
    offline,
)
