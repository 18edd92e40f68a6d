"""The exception hierarchy.

    HarnessError
    ├── UserError                 invalid input: one message, exit code 2, no traceback
    │   ├── ConfigError           an option or its value
    │   ├── UnknownNameError      a name that does not exist
    │   ├── DataError             data missing, unreadable or not what was declared
    │   │   ├── OfflineError      not cached, and the network is off or unreachable
    │   │   └── ChecksumError     the content is not the published one
    │   └── StoreError            the results store or folder cannot be read or written
    ├── PluginError               a plug-in breaks the contract or cannot be imported
    │   └── PromiseError          a model does not do what it declares, seen before it was trained
    └── IncompatibleError         this model cannot do this task; contains the reason

Every message says what was given, what would be right, and where to look.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """Base class of all errors raised deliberately by this package."""


class UserError(HarnessError):
    """Invalid input from the user. The command line prints the message and exits with 2."""


class ConfigError(UserError):
    """An option does not exist or its value is invalid."""


class UnknownNameError(UserError):
    """A name that does not exist.

    Args:
        kind: what was looked for, in the singular ("task", "model", "metric").
        given: the name as typed.
        known: every name that exists.
        where: where they were searched.
    """

    def __init__(self, kind: str, given: str, known: Iterable[str], where: str = "") -> None:
        names = sorted(known)
        close = difflib.get_close_matches(given, names, n=1)
        parts = [f"There is no {kind} named '{given}'."]
        if close:
            parts.append(f"Did you mean '{close[0]}'?")
        parts.append(f"Available: {', '.join(names) if names else 'none'}.")
        if where:
            parts.append(f"Looked in {where}.")
        super().__init__(" ".join(parts))
        self.kind, self.given, self.known = kind, given, names


class DataError(UserError):
    """Data is missing, unreadable, or not what its source declares."""


class OfflineError(DataError):
    """Data is not cached and cannot be downloaded."""


class ChecksumError(DataError):
    """The content of a file is not the published one."""


class StoreError(UserError):
    """The results store or the results folder cannot be read or written."""


class PluginError(HarnessError):
    """A plug-in cannot be imported or breaks the contract. Names the plug-in and its distribution."""


class PromiseError(PluginError):
    """A model does not do what it declares; the message says what, and is all that its author needs."""


class DivergedError(HarnessError):
    """A training loss is no longer a finite number: a result of the model, not a failure of the machine."""


class IncompatibleError(UserError):
    """This model cannot do this task; the message is the reason."""
