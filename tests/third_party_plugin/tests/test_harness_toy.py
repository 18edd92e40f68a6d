"""The plug-in's own tests: both contracts, as shipped with the harness."""

from __future__ import annotations

import pytest
from harness_toy.first_symbol import FirstSymbol
from harness_toy.mean import Mean

from harness.testing import cases, model_checks, task_checks


@pytest.mark.parametrize("check", task_checks.CHECKS, ids=lambda c: c.__name__)
def test_the_task_keeps_its_contract(check) -> None:
    check(FirstSymbol().tiny())


# A mean cannot tell the order of a sequence, so it need not learn one by heart.
CLAUSES = [check for check in model_checks.CHECKS if check is not model_checks.overfitting]


@pytest.mark.parametrize("check", CLAUSES, ids=lambda c: c.__name__)
@pytest.mark.parametrize("case", cases.fitting(Mean()), ids=lambda c: c.name)
def test_the_model_keeps_its_contract(check, case) -> None:
    check(Mean().tiny(), case)
