"""Every data set that is installed keeps every clause of the data set contract, on its generated tiny form.

Data sets that share a tiny form share its check: each form once, under the first data set that has it; whole data sets
are checked on their real files (tests/integration/test_real_data_sets.py).
"""

from __future__ import annotations

import pytest
from covering import built_in

from harness.contract.dataset import Dataset
from harness.registry.discovery import load_dataset, load_task, registry
from harness.targets import CTCTarget
from harness.testing import DatasetContract, dataset_checks
from harness.testing.dataset_subject import subjects
from harness.testing.examination import examine, pairs

NAMES = registry().names("dataset")
BUILT_IN = built_in("dataset")
NOT_APPLICABLE = {
    "verified": BUILT_IN,
    "ctc_feasibility": {name for name in BUILT_IN if load_task(name.partition(".")[0]).target_type is not CTCTarget},
}
DECLARED = ("contract_version", "configuration", "declared", "checksums", "sources", "fingerprint")
"""Clauses on what a data set declares itself, whatever its tiny form."""


def _made(name: str) -> Dataset:
    return load_dataset(*name.split("."))()


_forms: dict[str, str] = {}
for _name in NAMES:
    if _forms.setdefault(repr(_made(_name).tiny()), _name) == _name:
        # The class that an author of this data set would write.
        _title = f"Test_{_name.replace('.', '_')}"
        globals()[_title] = type(_title, (DatasetContract,), {"dataset": _made(_name)})


def test_the_built_in_data_sets_are_found_through_their_entry_points() -> None:
    assert set(NAMES) >= BUILT_IN


@pytest.mark.parametrize("name", NAMES)
def test_each_data_set_keeps_the_clauses_on_its_declarations(name: str) -> None:
    (subject,) = subjects(_made(name))
    found = [examine(one, subject) for one in dataset_checks.CLAUSES if one.name in DECLARED]
    assert [finding.report for finding in found if not finding.held] == []
    assert len(found) == len(DECLARED)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_clauses_that_do_not_apply_are_these(name: str) -> None:
    found = {one.name for one, _, reason in pairs(dataset_checks.CLAUSES, subjects(_made(name))) if reason}
    assert found == {clause for clause, names in NOT_APPLICABLE.items() if name in names}
