"""The environment of a run: what decides its speed (hashed), and what was observed in addition (not hashed).

No host name, user name or path is recorded. Information a system may lack is optional: the value is then None or left
out.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import statistics
import subprocess
import time
import warnings
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import torch

import harness
from harness.runtime import active_allocator, usable_cores
from harness.store.records import EnvironmentRecord

_LIBRARIES = (
    "torch",
    "torchaudio",
    "torchvision",
    "pytorch-lightning",
    "numpy",
    "scipy",
    "hydra-core",
    "omegaconf",
    "tokenizers",
)
"""Distributions that compute or configure; their versions may affect times or results."""

_SETTINGS = (
    "GOMP_SPINCOUNT",
    "OMP_WAIT_POLICY",
    "OMP_PROC_BIND",
    "KMP_BLOCKTIME",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_CBWR",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY",
    "MALLOC_ARENA_MAX",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "PYTORCH_ALLOC_CONF",
    "PYTORCH_CUDA_ALLOC_CONF",
    "CUBLAS_WORKSPACE_CONFIG",
)
"""Environment variables that change speed; their values are numbers and words."""

# fmt: off
_INSTRUCTION_SETS = frozenset({
    "avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "avx512_fp16", "avx_vnni",
    "amx_tile", "amx_bf16", "amx_int8", "neon", "asimd", "bf16", "i8mm", "sve", "sve2",
})
# fmt: on

_CALIBRATION_S = 0.05


def measure_environment(
    device: torch.device | str, threads: int, allocator: Mapping[str, Any] | None = None
) -> EnvironmentRecord:
    """Describe this machine and installation for a run on `device` with `threads` intra-op threads.

    Takes about a tenth of a second, half of it the calibration; changes no global state of torch.

    Args:
        device: where the run computes.
        threads: intra-op threads that the run uses.
        allocator: settings made through the C library (`mallopt`), by name, since they cannot be read back; None: those
            of `harness.runtime.tune_allocator`.
    """
    device = torch.device(device)
    fingerprint = {
        "cpu": _cpu_model(),
        "architecture": platform.machine(),
        "instruction_sets": instruction_sets(),
        "logical_cores": psutil.cpu_count(logical=True),
        "usable_cores": usable_cores(),
        "threads": threads,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "accelerator": _accelerator(device),
        "os": f"{platform.system()} {platform.release().split('.')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": _libraries(),
        "blas": _blas(),
        "allocator": {**_preloaded_allocator(), **(active_allocator() if allocator is None else allocator)},
        "settings": {name: os.environ[name] for name in _SETTINGS if "/" not in os.environ.get(name, "/")},
    }
    observed = {
        "git": _git(),
        "governor": _governor(),
        "load_average": _load_average(),
        "calibration_gflops": _calibrate(device),
        "memory_available_gib": round(psutil.virtual_memory().available / 2**30, 1),
        "swap": _swap(),
    }
    text = json.dumps(fingerprint, sort_keys=True, separators=(",", ":"))
    return EnvironmentRecord(hashlib.sha256(text.encode()).hexdigest(), fingerprint, observed)


def _cpu_model() -> str:
    """The CPU's model name; the architecture if it has none."""
    return (
        _cpuinfo().get("model name")
        or _command("sysctl", "-n", "machdep.cpu.brand_string")
        or platform.processor()
        or platform.machine()
    )


def _cpuinfo() -> dict[str, str]:
    """Fields of the first CPU in /proc/cpuinfo; empty if there is no such file."""
    first = _read(Path("/proc/cpuinfo")).split("\n\n", maxsplit=1)[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def instruction_sets() -> list[str]:
    """The CPU's instruction sets that affect the speed of a network, if the system lists them."""
    info = _cpuinfo()
    return sorted(_INSTRUCTION_SETS & set((info.get("flags") or info.get("Features") or "").split()))


def _accelerator(device: torch.device) -> dict[str, Any] | None:
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return {
            "name": properties.name,
            "memory_gib": round(properties.total_memory / 2**30),
            "runtime": torch.version.cuda or torch.version.hip,
            "cudnn": torch.backends.cudnn.version(),
        }
    return None if device.type == "cpu" else {"name": device.type}


def _libraries() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an optional one
            continue
    return found


def _blas() -> dict[str, Any]:
    """The linear-algebra libraries torch was built with, and the instruction set it chose."""
    lines = [line.strip(" -") for line in torch.__config__.show().splitlines()]
    name = re.search(r"\bBLAS_INFO=(\w+)", " ".join(lines))
    return {
        "name": name.group(1) if name else None,
        "mkl": _first_number(lines, "Intel(R) oneAPI Math Kernel Library", "Intel(R) Math Kernel Library"),
        "onednn": _first_number(lines, "Intel(R) MKL-DNN", "oneDNN"),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "float32_matmul": torch.get_float32_matmul_precision(),
    }


def _first_number(lines: list[str], *prefixes: str) -> str | None:
    """The first version number in the first line with one of the prefixes."""
    for line in lines:
        for prefix in prefixes:
            if line.startswith(prefix):
                return next((w for w in line[len(prefix) :].split() if w.lstrip("v")[:1].isdigit()), None)
    return None


def _preloaded_allocator() -> dict[str, str]:
    """A preloaded allocator that replaces the C library's, by name only."""
    preloaded = os.environ.get("LD_PRELOAD", "") + os.environ.get("DYLD_INSERT_LIBRARIES", "")
    names = [name for name in ("jemalloc", "tcmalloc", "mimalloc") if name in preloaded]
    return {"preloaded": ",".join(names)} if names else {}


def _git() -> dict[str, Any] | None:
    """Commit and dirtiness of the harness checkout; None if the harness is installed rather than checked out."""
    root = Path(harness.__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    commit = _command("git", "-C", str(root), "rev-parse", "HEAD")
    if not commit:
        return None
    changes = _command("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": changes != "" if changes is not None else None}


def _governor() -> str | None:
    return _read(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")).strip() or None


def _load_average() -> list[float] | None:
    """Of the last 1, 5 and 15 minutes."""
    try:
        return [round(load, 2) for load in os.getloadavg()]
    except (AttributeError, OSError):
        return None


def _swap() -> dict[str, float] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # psutil warns if swap counters are hidden
        try:
            swap = psutil.swap_memory()
        except (psutil.Error, OSError):
            return None
    return {"total_gib": round(swap.total / 2**30, 1), "used_gib": round(swap.used / 2**30, 1)}


@torch.no_grad()
def _calibrate(device: torch.device) -> float:
    """Median GFLOP/s of square fp32 products, timed for `_CALIBRATION_S`; falls when the machine is busy."""
    on_cuda = device.type == "cuda"
    size = 4096 if on_cuda else 512
    a = torch.ones(size, size, device=device if on_cuda else "cpu")
    product = torch.empty_like(a)

    def seconds() -> float:
        start = time.perf_counter()
        torch.mm(a, a, out=product)
        if on_cuda:
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    seconds()  # start up threads and libraries
    times: list[float] = []
    end = time.perf_counter() + _CALIBRATION_S
    while not times or time.perf_counter() < end:
        times.append(seconds())
    return round(2 * size**3 / statistics.median(times) / 1e9, 1)


def _read(path: Path) -> str:
    """A small system file; empty if it is missing or unreadable."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _command(*words: str) -> str | None:
    """Output of a command; None if it is missing, fails or hangs."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
