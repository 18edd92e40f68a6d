"""What came of checking plug-ins against their contracts: records by source digest, and what they say of a run.

A check speaks for the very source that was checked. So a status is looked up by digest, and a check of another source
of the same plug-in is told apart from one of this source.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import ledger
from harness.store import schema as t
from harness.store.states import CONTRACT_FAILED as FAILED
from harness.store.states import CONTRACT_PASSED as PASSED
from harness.store.states import NEVER_CHECKED as NEVER
from harness.store.states import OTHER_SOURCE
from harness.store.writer import Store

__all__ = [
    "FAILED", "KINDS", "NEVER", "OTHER_SOURCE", "PASSED", "CheckRecord", "ContractStatus", "checks", "in_words",
    "of_run", "read", "record", "status",
]  # fmt: skip

KINDS = ("task", "dataset", "target", "model")
"""Kinds of plug-ins that have a contract, in the order in which a run's are shown."""


@dataclass(frozen=True)
class CheckRecord:
    """One check of one plug-in.

    Attributes:
        kind, name: of the plug-in; a data set's name begins with its task's.
        digest: of its source.
        scope: the words given beside the name ("model.layers=2", "--data task=translation"); empty for none.
        options: values of its own options that were given, by name.
        failed: names of the clauses that failed.
        clauses: how many clauses applied.
        contract: version of the contract.
        distribution: of the plug-in, with its version.
        checked_at: Unix seconds.
    """

    kind: str
    name: str
    digest: str
    scope: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    clauses: int = 0
    contract: int = 0
    distribution: str = ""
    checked_at: float = 0.0

    @property
    def on_data(self) -> bool:
        """Whether real data was checked on."""
        return self.scope.endswith("--data")

    @property
    def whole(self) -> bool:
        """Whether it speaks for the plug-in as a whole: its default options; of models, every kind of task."""
        return not self.options and (not self.on_data or self.kind != "model")


@dataclass(frozen=True)
class ContractStatus:
    """What is on record about one plug-in.

    Attributes:
        kind, name: of the plug-in; the name is empty where a run did not record it.
        state: `PASSED`, `FAILED`, `OTHER_SOURCE` (nothing about this source, but about another) or `NEVER`.
        text: the state in words: "failed: causality", "passed by an older source".
    """

    kind: str
    name: str
    state: str
    text: str


def record(store: Store, check: CheckRecord) -> None:
    """Keep a check; an earlier one of the same source and scope is replaced.

    Raises:
        StoreError: the store cannot be written.
    """
    store.write(lambda connection, _: ledger.upsert(connection, t.checks, [dataclasses.asdict(check)]))


def checks(store: Store) -> list[CheckRecord]:
    """All checks on record, by plug-in, the oldest first."""
    return store.read(read)


def read(connection: Connection) -> list[CheckRecord]:
    """As `checks`, within a transaction."""
    c = t.checks.c
    rows = connection.execute(sa.select(t.checks).order_by(c.kind, c.name, c.checked_at))
    return [_as_written(CheckRecord(**row._mapping)) for row in rows]


def status(
    records: Sequence[CheckRecord],
    kind: str,
    name: str,
    digest: str,
    *,
    options: Mapping[str, Any] | None = None,
    when: float | None = None,
) -> ContractStatus:
    """What the records say of one source of a plug-in.

    Args:
        records: of all plug-ins.
        kind: of the plug-in.
        name: of the plug-in; empty: known by its digest alone.
        digest: of its source.
        options: those of a run; a check with options speaks for runs that have the same. None: no run is meant.
        when: time before which another source that was checked counts as older; None: always.
    """
    of_plugin = [r for r in records if r.kind == kind and (r.name == name if name else r.digest == digest)]
    name = name or next((r.name for r in of_plugin), "")
    mine = [r for r in of_plugin if r.digest == digest and _speaks_for(r, options)]
    failed = [r for r in mine if r.failed]
    if failed:
        return ContractStatus(kind, name, FAILED, _failure(failed[-1]))
    if any(r.whole or (r.options and options is not None and not r.on_data) for r in mine):
        return ContractStatus(kind, name, PASSED, PASSED)
    others = [r for r in of_plugin if r.digest != digest and r.whole]
    if not others:
        part = f"passed only with {mine[-1].scope}" if mine else NEVER
        return ContractStatus(kind, name, NEVER, part)
    last = others[-1]
    age = "an older" if when is None or last.checked_at <= when else "a newer"
    text = f"failed by {age} source: {', '.join(last.failed)}" if last.failed else f"passed by {age} source"
    return ContractStatus(kind, name, OTHER_SOURCE, text)


def of_run(
    records: Sequence[CheckRecord], identity: Mapping[str, Any], config: Mapping[str, Any], when: float
) -> tuple[ContractStatus, ...]:
    """The status of each of a run's plug-ins; empty for a run that did not record their digests.

    Args:
        records: of all plug-ins.
        identity, config: of the run.
        when: the run was planned.
    """
    digests = identity.get("plugin_digests")
    if not isinstance(digests, Mapping):
        return ()
    sections = {kind: part if isinstance(part := config.get(kind), Mapping) else {} for kind in ("task", "model")}
    task = str(sections["task"].get("name") or "")
    names = {
        "task": task,
        "dataset": f"{task}.{sections['task'].get('dataset')}",
        "target": str(identity.get("target") or ""),
        "model": str(sections["model"].get("name") or ""),
    }
    options: dict[str, Mapping[str, Any]] = {**sections, "dataset": sections["task"], "target": {}}
    return tuple(
        status(records, kind, names[kind], str(digests[kind]), options=options[kind], when=when)
        for kind in KINDS
        if kind in digests
    )


def in_words(statuses: Iterable[ContractStatus]) -> str:
    """Plug-ins by what is on record: "passed: model lstm, task translation; never run: target class"."""
    by_text: dict[str, list[str]] = {}
    for each in statuses:
        by_text.setdefault(each.text, []).append(f"{each.kind} {each.name}".strip())
    return "; ".join(f"{', '.join(plugins)}: {text}" for text, plugins in by_text.items())


def _as_written(check: CheckRecord) -> CheckRecord:
    """The record, with plain text and options whatever JSON the store holds."""
    options = check.options if isinstance(check.options, dict) else {}
    failed = check.failed if isinstance(check.failed, list) else [check.failed]
    return dataclasses.replace(check, options=options, failed=[str(name) for name in failed])


def _speaks_for(check: CheckRecord, options: Mapping[str, Any] | None) -> bool:
    return options is None or all(name in options and options[name] == value for name, value in check.options.items())


def _failure(check: CheckRecord) -> str:
    return f"failed: {', '.join(check.failed)}" + (f" (with {check.scope})" if check.scope else "")
