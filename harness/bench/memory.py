"""Peak memory of this process; uses only the standard library, since not only torch is measured."""

from __future__ import annotations

import contextlib
import re
import resource
import sys
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_bytes() -> int:
    """Peak resident memory: since `forget_peak` on Linux, since the start of the process elsewhere."""
    found = _kibibytes("VmHWM")
    if found is not None:
        return 1024 * found
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else 1024 * highest


def forget_peak() -> int:
    """Reset the peak if the system supports it, and return the bytes from which it starts."""
    with contextlib.suppress(OSError):  # no such file: only the peak since the start is available
        _CLEAR.write_text("5", encoding="ascii")
    now = _kibibytes("VmRSS")
    return peak_bytes() if now is None else 1024 * now


def _kibibytes(name: str) -> int | None:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None
