"""The version of the contract between the harness and its plug-ins, and what each version changed.

A plug-in says which version it was written for, in its module: `HARNESS_CONTRACT = 2`. The number is read without
importing the module, so a plug-in from the future is named instead of failing somewhere inside.

    2   the first that is released: tasks, models, targets and data sets, each with its hook

The number rises when a plug-in written for the version before could break: a class variable or a method that becomes
required, an argument that changes, a promise that a check begins to hold plug-ins to. New optional parts (a field with
a default, a hook that nobody must implement) do not raise it. A version that goes out of use is refused from
`OLDEST_CONTRACT` on, one minor release of the harness after it was deprecated at the earliest.
"""

from __future__ import annotations

CONTRACT_VERSION = 2
"""Raised whenever a plug-in written for the previous contract could break."""

OLDEST_CONTRACT = 2
"""The oldest version whose plug-ins still work."""

CONTRACT_NAME = "HARNESS_CONTRACT"
"""The name, at the top level of a plug-in's module, of the version that it was written for."""


def contract_problem(stated: object) -> str | None:
    """Why a plug-in written for the contract version `stated` cannot be used here; None: it can.

    Args:
        stated: what the module says; None where it says nothing, which counts as the current one.
    """
    version = CONTRACT_VERSION if stated is None else stated
    if not isinstance(version, int) or isinstance(version, bool):
        return f"its {CONTRACT_NAME} is {version!r}; it must be a whole number such as {CONTRACT_VERSION}"
    if version > CONTRACT_VERSION:
        return (
            f"it was written for contract version {version}, and this harness has version {CONTRACT_VERSION}: "
            "upgrade sequence-harness, or install an older release of the plug-in"
        )
    if version < OLDEST_CONTRACT:
        return (
            f"it was written for contract version {version}, and this harness works with versions "
            f"{OLDEST_CONTRACT} to {CONTRACT_VERSION}: install a newer release of the plug-in"
        )
    return None
