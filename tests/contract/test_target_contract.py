"""Every target plug-in that is installed keeps every clause of the target contract, on the cases that it brings."""

from __future__ import annotations

from harness.registry.discovery import load_target, registry
from harness.targets import BUILT_IN
from harness.testing import TargetContract

NAMES = registry().names("target")

for _name in NAMES:
    # The class that an author of this target would write.
    globals()[f"Test_{_name}"] = type(f"Test_{_name}", (TargetContract,), {"target": load_target(_name)})


def test_the_built_in_targets_are_found_through_their_entry_points() -> None:
    assert {target.name for target in BUILT_IN} <= set(NAMES)
    assert all(load_target(target.name) is target for target in BUILT_IN)
