"""All clauses of the data set contract, the quick ones first; each is checked on a `DatasetSubject`."""

from __future__ import annotations

from typing import Any

from harness.testing.clause import Clause
from harness.testing.data_clauses import DATA_CLAUSES, PREPARATION_CLAUSES
from harness.testing.dataset_declarations import checksums, declared, raw_examples, verified
from harness.testing.plugin_clauses import configuration, contract_version
from harness.testing.task_examples import ctc_feasibility, specifications
from harness.testing.task_subject import TaskSubject


def _on_real_files(subject: TaskSubject) -> str:
    return "" if subject.generated else "the user's files are prepared once"


CLAUSES: tuple[Clause[Any], ...] = (
    contract_version,
    configuration,
    declared,
    checksums,
    verified,
    raw_examples,
    specifications,
    ctc_feasibility,
    *DATA_CLAUSES,
    *(one.unless(_on_real_files) for one in PREPARATION_CLAUSES),
)
