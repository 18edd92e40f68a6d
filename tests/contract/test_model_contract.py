"""Every model plug-in that is installed keeps every clause of the model contract, on every case that it fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.model import Model
from harness.registry import load_model, registry
from harness.testing import cases, model_checks
from harness.testing.cases import Case

NAMES = registry().names("model")
# Options that change the architecture: the contract holds for each.
VARIANTS: dict[str, list[dict[str, object]]] = {
    "attention_lstm": [{"attention": "bahdanau"}],
    "stacked_lstm": [{"residual": False}],
    "lstm": [{"layers": 2}],
    "bilstm": [{"layers": 2}],
}


def _models() -> list[Model]:
    models = []
    for name in NAMES:
        cls = load_model(name)
        models.append(cls().tiny())
        for options in VARIANTS.get(name, []):
            typed = {key: _typed(cls(), key, value) for key, value in options.items()}
            models.append(cls(**typed).tiny())
    return models


def _typed(model: Model, field: str, value: object) -> object:
    """An enumeration's member by name; Hydra makes it from the command line's word."""
    kind = type(getattr(model, field))
    return kind[value] if hasattr(kind, "__members__") else value


CELLS = [(model, case) for model in _models() for case in cases.fitting(model)]


def test_the_built_in_models_are_found_through_their_entry_points() -> None:
    assert {"rnn", "lstm", "bilstm", "stacked_lstm", "attention_lstm", "cnn_lstm"} <= set(NAMES)


@pytest.mark.parametrize("check", model_checks.CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize(("model", "case"), CELLS, ids=[f"{m!r}-{c.name}" for m, c in CELLS])
def test_clause(check: Callable[[Model, Case], None], model: Model, case: Case) -> None:
    check(model, case)


@pytest.mark.parametrize("name", NAMES)
def test_tiny_is_the_same_model_smaller(name: str) -> None:
    model = load_model(name)()
    tiny = model.tiny()
    assert type(tiny) is type(model)
    case = cases.fitting(model)[0]
    large, small = (cases.network(m, case).parameter_counts()[1] for m in (model, tiny))
    assert small < large
    assert small < 100_000


@pytest.mark.parametrize("name", NAMES)
def test_the_width_is_a_field_and_more_of_it_is_a_larger_model(name: str) -> None:
    model = load_model(name)().tiny()
    case = cases.fitting(model)[0]
    capabilities = model.capabilities(case.signature)
    width = getattr(model, capabilities.width_field)
    wider = load_model(name)(**{**vars(model), capabilities.width_field: width + capabilities.width_step})
    sizes = [cases.network(m, case).parameter_counts()[1] for m in (model, wider)]
    assert sizes[0] < sizes[1]
