"""Which loggers a configuration may name, and whether they can work here."""

from __future__ import annotations

import importlib.util
import netrc
import os
from collections.abc import Sequence

from harness.data.cache import offline
from harness.errors import ConfigError

_MODULES = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}


def check_loggers(names: Sequence[str]) -> None:
    """Refuse loggers that cannot work, before anything is trained.

    Raises:
        ConfigError: a package is missing, or Weights & Biases is to go online without a key.
    """
    for name in names:
        if importlib.util.find_spec(_MODULES[name]) is None:
            raise ConfigError(
                f"logger={name} needs a package that is not installed: pip install 'sequence-harness[{name}]'."
            )
    if "wandb" in names and wandb_mode() in ("online", "shared") and not _wandb_key():
        raise ConfigError(
            "logger=wandb: WANDB_MODE asks for the network, but there is no key. Set WANDB_API_KEY, run 'wandb "
            "login', or set WANDB_MODE=offline."
        )


def wandb_mode() -> str:
    """As WANDB_MODE says; without it, online where there are a key and a network."""
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
