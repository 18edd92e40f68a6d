"""What is on record about installed plug-ins' contracts, for lists."""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import StoreError
from harness.registry.discovery import PluginInfo

UNKNOWN = "unknown"
"""What a list says where the results store cannot be read."""


def recorded() -> tuple[Callable[[PluginInfo], str], str]:
    """A function that gives the status of a plug-in's present source, and why there is none (empty: there is)."""
    from harness.registry.engine_code import plugin_digest
    from harness.store import Store, checks
    from harness.store import engine as connections

    try:
        file = connections.sqlite_file(connections.parse_url(connections.store_url()))
        if file is not None and not file.exists():
            return lambda _: checks.NEVER, ""
        with Store.open(create=False) as store:
            records = checks.checks(store)
    except StoreError as error:
        return lambda _: UNKNOWN, str(error)
    known = {(record.kind, record.name) for record in records}

    def status(info: PluginInfo) -> str:
        if (info.kind, info.name) not in known:  # spares reading its source
            return checks.NEVER
        return checks.status(records, info.kind, info.name, plugin_digest(info.module)).text

    return status, ""
