"""Whether a network can be trained in the memory that is free, asked before it is built."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from harness.config.settings import RunSettings
from harness.contract.task import TaskData
from harness.errors import ConfigError
from harness.nn.network import Network
from harness.runtime import free_memory_bytes
from harness.training.device import device_of

_COPIES = 4
"""Of every weight: itself, its gradient and AdamW's two moments."""


def check_room(settings: RunSettings, data: TaskData) -> None:
    """Refuse a network that would first fill the memory of all other programs and then be ended by the system.

    It is built on torch's meta device, which has shapes and no values, and its weights are counted as they are made, so
    that a network of any size is refused at once. One that cannot be built there is not checked.

    Args:
        settings: of the run; on an accelerator nothing is checked.
        data: for the sizes that it decides.

    Raises:
        ConfigError: weights, gradients and optimizer do not fit.
    """
    if device_of(settings.trainer.device).type != "cpu":
        return
    free, needed = free_memory_bytes(), 0

    def count(_: nn.Module, __: str, weight: Tensor) -> None:
        nonlocal needed
        needed += _COPIES * weight.numel() * weight.element_size()
        if needed > free:
            raise ConfigError(
                f"The model '{settings.model.name}' cannot be trained in the {free / 2**30:,.1f} GiB of memory that "
                "are free: weights, gradients and optimizer need more. Choose smaller sizes (model.OPTION, "
                "trainer.embedding_dim, or the task's vocabulary)."
            )

    counting = register_module_parameter_registration_hook(count)
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    except (RuntimeError, TypeError):  # `build` looks at values, which meta tensors have not
        pass
    finally:
        counting.remove()
