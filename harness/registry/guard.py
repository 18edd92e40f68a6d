"""Running a plug-in's code so that it disturbs neither the command's output nor the process's global state.

What a plug-in prints while it is imported would break `harness matrix --json`; a generator that it seeds, a default
that it changes or a folder that it enters would reach every other run of the process. Each is put back, and named.
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
    """One piece of global state: the module that holds it, and the functions that read it and put it back."""

    name: str
    module: str
    reader: str
    writer: str

    def read(self) -> Any:
        """The state; None where its module is not loaded, so that there is no state yet."""
        module = sys.modules.get(self.module)
        return getattr(module, self.reader)() if module is not None else None

    def write(self, state: Any) -> None:
        getattr(sys.modules[self.module], self.writer)(state)


_PARTS = (
    _Part("the generator of 'random'", "random", "getstate", "setstate"),
    _Part("the working folder", "os", "getcwd", "chdir"),
    _Part("numpy's global generator", "numpy.random", "get_state", "set_state"),
    _Part("torch's global generator", "torch", "get_rng_state", "set_rng_state"),
    _Part("torch's threads", "torch", "get_num_threads", "set_num_threads"),
    _Part("torch's default dtype", "torch", "get_default_dtype", "set_default_dtype"),
    _Part("torch's gradient mode", "torch", "is_grad_enabled", "set_grad_enabled"),
)


@contextlib.contextmanager
def contained(label: str, doing: str) -> Iterator[None]:
    """Contain a block that runs a plug-in's code.

    What it prints goes to standard error, shortened and under the plug-in's name. State that existed before and
    differs afterwards is put back and named; threads that it started are named, since they cannot be taken back.

    Args:
        label: of the plug-in, as in its messages.
        doing: what the harness does with it ("was imported").
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
            notes.append(f"changed {part.name}; it was put back")
    return notes


def _equal(one: Any, two: Any) -> bool:
    """Equality of nested tuples that may hold arrays or tensors."""
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(_equal(a, b) for a, b in zip(one, two, strict=True))
    same = one == two
    return bool(same.all()) if hasattr(same, "all") else bool(same)
