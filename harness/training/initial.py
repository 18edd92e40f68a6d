"""The network that a run begins to train: built and initialised from the run's seed."""

from __future__ import annotations

from harness.config.settings import RunSettings
from harness.contract.task import TaskData
from harness.nn.network import Network
from harness.training.seeding import seed_global
from harness.training.symbol_counts import order_symbols


def initial_network(settings: RunSettings, data: TaskData) -> Network:
    """The network before its first step; seeds torch's global generators.

    Args:
        settings: of the run.
        data: of the run; its training split is counted where an output layer treats frequent symbols differently.
    """
    seed_global(settings.seed, "initialisation")
    task = settings.task
    network = Network(settings.model, task.signature, data.input_spec, data.target_spec, settings.trainer)
    order_symbols(network, data)
    return network
