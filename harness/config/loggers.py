"""Which loggers a configuration may name, and whether they can work on this machine."""

from __future__ import annotations

import importlib.util
import netrc
import os
from typing import Any

from harness.config.lightning import LOGGER_NAMES, LOGGERS, Part, check_name, parts_of
from harness.data.cache import offline
from harness.errors import ConfigError

_MODULES = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}


def loggers_of(given: Any) -> list[Part]:
    """The loggers that `logger=` names, each once.

    Raises:
        ConfigError: the value has another form.
    """
    parts = parts_of(given, "logger")
    return [part for index, part in enumerate(parts) if part not in parts[:index]]


def check_loggers(given: Any) -> None:
    """Refuse loggers that cannot work, before anything is trained. Imports nothing.

    Raises:
        UnknownNameError: Lightning has no such logger.
        ConfigError: a package is missing, or Weights & Biases is to go online without a key.
    """
    parts = loggers_of(given)
    names = [part.name for part in parts]
    for part in parts:
        check_name(part, LOGGERS, "logger", short=LOGGER_NAMES)
        if part.name in _MODULES and importlib.util.find_spec(_MODULES[part.name]) is None:
            raise ConfigError(
                f"logger={part.name} needs a package that is not installed: pip install "
                f"'sequence-harness[{part.name}]'."
            )
        if part.name in LOGGER_NAMES and part.arguments:
            raise ConfigError(
                f"logger={part.name} is set up by the harness and takes no arguments; name the class instead "
                f"({', '.join(name for name, reason in LOGGERS.items() if not reason)}), which takes them."
            )
    if "wandb" in names and wandb_mode() in ("online", "shared") and not _wandb_key():
        raise ConfigError(
            "logger=wandb: WANDB_MODE asks for the network, but there is no key. Set WANDB_API_KEY, run 'wandb "
            "login', or set WANDB_MODE=offline."
        )


def wandb_mode() -> str:
    """The value of WANDB_MODE; if it is not set, "online" where there are a key and a network, else "offline"."""
    given = os.environ.get("WANDB_MODE", "").strip()
    if given:
        return given
    return "online" if _wandb_key() and not offline() else "offline"


def _wandb_key() -> bool:
    """Whether a login would find a key without asking for one."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai").rpartition("//")[2].split("/")[0].split(":")[0]
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
