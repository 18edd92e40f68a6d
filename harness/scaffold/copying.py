"""Starting from an installed model: the text of its module, with another value of `name`."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harness.contract.version import CONTRACT_VERSION
from harness.errors import UserError
from harness.registry.discovery import PluginInfo, registry

OURS = "sequence-harness"
_RELATIVE = re.compile(r"^(\s*from\s+)(\.+)(\w*)", re.MULTILINE)


@dataclass(frozen=True)
class Copy:
    """A model's source under another name.

    Attributes:
        text: of the module.
        class_name: of the model, which stays as it was.
        origin: what was copied, with its distribution, version and licence, as a phrase.
        requirements: what the text needs besides the harness: the distribution it came from.
    """

    text: str
    class_name: str
    origin: str
    requirements: tuple[str, ...]


def copy_model(start: str, name: str) -> Copy:
    """The source of the installed model `start`, as that of a model called `name`.

    Only the model's own module is copied. What it imports from its package is still imported from there.

    Raises:
        UnknownNameError: no installed model is called `start`.
        PluginError: it does not load.
        UserError: its module defines several models, or does not set `name` to a plain string.
    """
    info = registry().info("model", start)
    cls = registry().load("model", start)
    module = importlib.import_module(info.module)
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    text, named = re.subn(
        rf"""^(\s+name\b[^=\n]*=\s*)(["']){re.escape(start)}\2""", rf'\1"{name}"', text, flags=re.MULTILINE
    )
    if cls.__module__ != info.module or named != 1 or len(module.harness_models()) != 1:
        raise UserError(
            f"The {info.label} cannot be copied: its module '{info.module}' must define one model, and its class "
            f'must say name = "{start}". Copy the file by hand.'
        )
    package = str(module.__package__).split(".")

    def absolute(found: re.Match[str]) -> str:
        start, dots, rest = found.groups()
        return start + ".".join([*package[: len(package) - len(dots) + 1], *([rest] if rest else [])])

    text = _RELATIVE.sub(absolute, text)
    if "HARNESS_CONTRACT" not in text:
        text = f"{text.rstrip()}\n\n\nHARNESS_CONTRACT = {CONTRACT_VERSION}\n"
    return Copy(text, cls.__name__, _origin(info), () if info.distribution == OURS else (info.distribution,))


def _origin(info: PluginInfo) -> str:
    """For example "`lstm` of sequence-harness 0.1.0 (Apache-2.0)"."""
    licence = metadata.metadata(info.distribution)["License-Expression"]
    return f"`{info.name}` of {info.distribution} {info.version}" + (f" ({licence})" if licence else "")
