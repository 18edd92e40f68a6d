"""What is on record about installed plug-ins' contracts, for lists."""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import StoreError
from harness.registry.discovery import PluginInfo

UNKNOWN = "unknown"
"""What a list says where the results store cannot be read."""


def recorded() -> tuple[Callable[[PluginInfo], str], str]:
    """A function that gives the status of a plug-in's present source, and why there is none (empty: there is)."""
    from harness.store.place import is_missing
    from harness.store.states import NEVER_CHECKED

    if is_missing():  # and SQLAlchemy need not be imported
        return lambda _: NEVER_CHECKED, ""
    from harness.registry.engine_code import plugin_digest
    from harness.store import Store, checks

    try:
        with Store.open(create=False) as store:
            records = checks.checks(store)
    except StoreError as error:
        return lambda _: UNKNOWN, str(error)
    known = {(record.kind, record.name) for record in records}

    def status(info: PluginInfo) -> str:
        if (info.kind, info.name) not in known:  # spares reading its source
            return NEVER_CHECKED
        return checks.status(records, info.kind, info.name, plugin_digest(info.module)).text

    return status, ""
