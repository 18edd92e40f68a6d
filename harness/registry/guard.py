"""Run a plug-in's code without letting it affect the command's output or the process's global state.

Output printed during an import would break `harness matrix --json`; a seeded generator, a changed default or working
directory would affect every other run in the process. Each change is undone and reported.
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SHOWN = 200  # characters of what a plug-in printed


@dataclass(frozen=True)
class _Part:
    """One piece of global state: its module, and the functions that read and restore it."""

    name: str
    module: str
    reader: str
    writer: str

    def read(self) -> Any:
        """The state; None if its module is not loaded, so there is no state yet."""
        module = sys.modules.get(self.module)
        return getattr(module, self.reader)() if module is not None else None

    def write(self, state: Any) -> None:
        getattr(sys.modules[self.module], self.writer)(state)


_PARTS = (
    _Part("the generator of 'random'", "random", "getstate", "setstate"),
    _Part("the working directory", "os", "getcwd", "chdir"),
    _Part("numpy's global generator", "numpy.random", "get_state", "set_state"),
    _Part("torch's global generator", "torch", "get_rng_state", "set_rng_state"),
    _Part("torch's threads", "torch", "get_num_threads", "set_num_threads"),
    _Part("torch's default dtype", "torch", "get_default_dtype", "set_default_dtype"),
    _Part("torch's gradient mode", "torch", "is_grad_enabled", "set_grad_enabled"),
)


@contextlib.contextmanager
def contained(label: str, doing: str) -> Iterator[None]:
    """Contain a block that runs a plug-in's code.

    Its output goes to standard error, shortened and under the plug-in's name. Changes to existing state are undone and
    reported; started threads are reported, since they cannot be undone.

    Args:
        label: of the plug-in, as in its messages.
        doing: what the harness is doing with it ("was imported").
    """
    before = {part: part.read() for part in _PARTS}
    threads = set(threading.enumerate())
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            yield
    finally:
        notes = _restore(before)
        started = [t.name for t in threading.enumerate() if t not in threads]
        if started:
            notes.append(f"started threads ({', '.join(started)})")
        text = " ".join(printed.getvalue().split())
        if text:
            notes.append(f"printed: {text[:_SHOWN]}{' …' if len(text) > _SHOWN else ''}")
        for note in notes:
            print(f"Note: the {label}, while it {doing}, {note}", file=sys.stderr)


def _restore(before: dict[_Part, Any]) -> list[str]:
    notes = []
    for part, state in before.items():
        if state is not None and not _equal(part.read(), state):
            part.write(state)
            notes.append(f"changed {part.name}; it was restored")
    return notes


def _equal(one: Any, two: Any) -> bool:
    """Equality of nested tuples that may hold arrays or tensors."""
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(_equal(a, b) for a, b in zip(one, two, strict=True))
    same = one == two
    return bool(same.all()) if hasattr(same, "all") else bool(same)
