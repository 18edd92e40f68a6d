"""Every model plug-in that is installed keeps every clause of the model contract, on every case that it fits."""

from __future__ import annotations

from typing import Any

import pytest
from built_in import MODELS

from harness.registry.discovery import load_model, registry
from harness.testing import ModelContract, model_checks
from harness.testing.examination import pairs
from harness.testing.model_subject import subjects

NAMES = registry().names("model")
# Options that change the architecture: the contract holds for each.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "textbook_lstm": [{"form": "peephole"}],
    "attention_lstm": [
        {"attention": "bahdanau"},
        *({"score": score} for score in ("dot", "concat", "multi_head", "local")),
    ],
    "stacked_lstm": [{"residual": False}],
    "lstm": [
        *({"layers": 2}, {"layer_norm": True}, {"peepholes": True}, {"cells": 24}, {"variational": True}),
        {"zoneout_cell": 0.1, "zoneout_hidden": 0.05, "weight_dropout": 0.1},
    ],
    "bilstm": [{"layers": 2}],
}
# Clauses that say nothing of a built-in model; whether there is an accelerator is the machine's affair.
NOT_APPLICABLE = {
    "after_step": set(MODELS),
    "parameter_groups": set(MODELS),
    "context": set(MODELS) - {"transformer", "tcn"},
    "carried_state": {"bilstm"},
    "state_size": {"bilstm"},
}


def _suite(name: str) -> type[ModelContract]:
    """The class that an author of this model would write."""
    cls = load_model(name)
    variants = [cls(**{k: _typed(cls(), k, v) for k, v in options.items()}) for options in VARIANTS.get(name, [])]
    return type(f"Test_{name}", (ModelContract,), {"model": cls(), "variants": variants})


def _typed(model: Any, field: str, value: object) -> object:
    """An enumeration's member by name; Hydra makes it from the command line's word."""
    kind = type(getattr(model, field))
    return kind[value] if hasattr(kind, "__members__") else value


for _name in NAMES:
    globals()[f"Test_{_name}"] = _suite(_name)


def test_the_built_in_models_are_found_through_their_entry_points() -> None:
    assert set(NAMES) >= set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_clauses_that_do_not_apply_are_these(name: str) -> None:
    found = {one.name for one, _, reason in pairs(model_checks.CLAUSES, subjects(load_model(name)())) if reason}
    assert found - {"devices"} == {clause for clause, models in NOT_APPLICABLE.items() if name in models}
