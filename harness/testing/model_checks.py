"""All clauses of the model contract, the quick ones first; each is checked on a `ModelSubject`."""

from __future__ import annotations

from harness.testing.clause import Clause
from harness.testing.model_decoder import decoder
from harness.testing.model_explain import explain
from harness.testing.model_invariance import batch_invariance, padding_invariance
from harness.testing.model_isolation import global_state_kept, isolation
from harness.testing.model_numerics import autocast, compiled, devices
from harness.testing.model_own_training import after_step, auxiliary, parameter_groups
from harness.testing.model_shapes import lengths, shapes
from harness.testing.model_state import state_size
from harness.testing.model_subject import ModelSubject
from harness.testing.model_time import carried_state, causality, context
from harness.testing.model_training import gradients, overfitting
from harness.testing.model_training_mode import training_mode
from harness.testing.model_weights import hidden_size, seeding, tiny, weights_saved
from harness.testing.plugin_clauses import configuration, contract_version

CLAUSES: tuple[Clause[ModelSubject], ...] = (
    contract_version,
    configuration,
    tiny,
    hidden_size,
    shapes,
    lengths,
    padding_invariance,
    batch_invariance,
    training_mode,
    causality,
    context,
    carried_state,
    state_size,
    decoder,
    explain,
    seeding,
    weights_saved,
    isolation,
    global_state_kept,
    parameter_groups,
    gradients,
    auxiliary,
    after_step,
    autocast,
    devices,
    overfitting,
    compiled,
)
