"""Energy comes from counters of the machine or not at all."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from harness.measure import energy
from harness.measure.energy import EnergyMeter

RANGE = 1_000_000_000


@pytest.fixture
def powercap(tmp_path: Path) -> Path:
    """A folder like that of a machine with two packages: a part of one, its mirror, and the whole platform beside."""
    folder = tmp_path / "powercap"
    for zone, name in {
        "intel-rapl:0": "package-0",
        "intel-rapl:0:0": "core",
        "intel-rapl:1": "package-1",
        "intel-rapl:2": "psys",
        "intel-rapl-mmio:0": "package-0",
    }.items():
        (folder / zone).mkdir(parents=True)
        (folder / zone / "name").write_text(f"{name}\n")
        (folder / zone / "max_energy_range_uj").write_text(f"{RANGE}\n")
        (folder / zone / "energy_uj").write_text("100000000\n")
    (folder / "intel-rapl").mkdir()
    return folder


def _set(powercap: Path, zone: str, microjoules: int) -> None:
    (powercap / zone / "energy_uj").write_text(f"{microjoules}\n")


def test_packages_are_added_up_and_nothing_counts_twice(powercap: Path) -> None:
    with EnergyMeter(powercap=powercap) as meter:
        for zone in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl:2", "intel-rapl-mmio:0"):
            _set(powercap, zone, 130_000_000)
    assert meter.summary() == {"joules": 60.0, "method": "rapl"}


def test_a_counter_that_starts_anew_is_followed(powercap: Path) -> None:
    with EnergyMeter(powercap=powercap) as meter:
        _set(powercap, "intel-rapl:0", RANGE - 1_000_000)
        assert meter.summary()["joules"] == pytest.approx(899.0)
        _set(powercap, "intel-rapl:0", 2_000_000)
        assert meter.summary()["joules"] == pytest.approx(902.0)


def test_what_is_used_apart_does_not_count(powercap: Path) -> None:
    with EnergyMeter(powercap=powercap) as meter:
        _set(powercap, "intel-rapl:0", 101_000_000)
        with meter.apart():
            _set(powercap, "intel-rapl:0", 700_000_000)
        _set(powercap, "intel-rapl:0", 702_000_000)
        assert meter.summary()["joules"] == pytest.approx(3.0)


def test_what_is_used_after_the_block_does_not_count(powercap: Path) -> None:
    with EnergyMeter(powercap=powercap) as meter:
        _set(powercap, "intel-rapl:0", 101_000_000)
    _set(powercap, "intel-rapl:0", 900_000_000)
    assert meter.summary()["joules"] == pytest.approx(1.0)


def test_without_counters_there_is_no_figure(tmp_path: Path) -> None:
    with EnergyMeter(powercap=tmp_path / "missing") as meter:
        pass
    assert meter.summary() == {}


def test_counters_that_cannot_be_read_give_no_figure(powercap: Path) -> None:
    (powercap / "intel-rapl:1" / "energy_uj").unlink()
    with EnergyMeter(powercap=powercap) as meter:
        pass
    assert meter.summary() == {}


def test_a_counter_that_fails_on_the_way_leaves_no_half_figure(powercap: Path) -> None:
    with EnergyMeter(powercap=powercap) as meter:
        _set(powercap, "intel-rapl:0", 150_000_000)
        (powercap / "intel-rapl:1" / "energy_uj").unlink()
    assert meter.summary() == {}


class _NVMLError(Exception):
    pass


def _library(monkeypatch: pytest.MonkeyPatch, readings: list[int]) -> None:
    library = types.ModuleType("pynvml")
    library.NVMLError = _NVMLError  # type: ignore[attr-defined]
    library.nvmlInit = lambda: None  # type: ignore[attr-defined]
    library.nvmlDeviceGetHandleByUUID = lambda identity: identity  # type: ignore[attr-defined]

    def read(handle: str) -> int:
        assert handle == "GPU-1234"
        if not readings:
            raise _NVMLError("not supported")
        return readings.pop(0)

    library.nvmlDeviceGetTotalEnergyConsumption = read  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda device: types.SimpleNamespace(uuid="1234"))


def test_the_accelerators_own_counter_is_read_in_millijoules(monkeypatch: pytest.MonkeyPatch, powercap: Path) -> None:
    _library(monkeypatch, [5_000, 9_500])
    with EnergyMeter("cuda", powercap) as meter:
        pass
    assert meter.summary() == {"joules": 4.5, "method": "nvml"}


@pytest.mark.parametrize("readings", [[], [5_000]])
def test_an_accelerator_without_a_counter_has_no_figure(
    monkeypatch: pytest.MonkeyPatch, powercap: Path, readings: list[int]
) -> None:
    _library(monkeypatch, readings)
    with EnergyMeter("cuda", powercap) as meter:
        pass
    assert meter.summary() == {}


def test_without_nvml_an_accelerator_has_no_figure(monkeypatch: pytest.MonkeyPatch, powercap: Path) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with EnergyMeter("cuda", powercap) as meter:
        pass
    assert meter.summary() == {}
    assert energy.POWERCAP.is_absolute()
