"""All clauses of the task contract, the quick ones first; each is checked on a `TaskSubject`."""

from __future__ import annotations

from harness.contract.dataset_task import DatasetTask
from harness.testing.clause import Clause
from harness.testing.data_clauses import DATA_CLAUSES, PREPARATION_CLAUSES
from harness.testing.plugin_clauses import configuration, contract_version
from harness.testing.task_declarations import declarations
from harness.testing.task_examples import ctc_feasibility, reading, specifications
from harness.testing.task_fitting import normalisation, vocabulary
from harness.testing.task_learning import batches, initial_loss, learning
from harness.testing.task_preprocessing import preprocessing
from harness.testing.task_scoring import baselines, directions, scoring, statistics
from harness.testing.task_subject import TaskSubject


def _data_of_others(subject: TaskSubject) -> str:
    """Data clauses are those of the data sets, where there are such."""
    return "its data sets keep it: harness check dataset.TASK.NAME" if isinstance(subject.task, DatasetTask) else ""


CLAUSES: tuple[Clause[TaskSubject], ...] = (
    contract_version,
    configuration,
    declarations,
    specifications,
    batches,
    ctc_feasibility,
    *(one.unless(_data_of_others) for one in DATA_CLAUSES),
    vocabulary,
    normalisation,
    reading,
    preprocessing,
    scoring,
    directions,
    statistics,
    baselines,
    initial_loss,
    learning,
    *(one.unless(_data_of_others) for one in PREPARATION_CLAUSES),
)
