"""Stores for the tests of the report: an empty one, and one with the made-up results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_up_results import ELSEWHERE, HERE, REASON, fill, finish, plan_of

from harness.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


@pytest.fixture
def made_up() -> type:
    """The helpers of this file, for the tests beside it."""

    class Helpers:
        plan = staticmethod(plan_of)
        done: Callable[..., int] = staticmethod(finish)
        everything = staticmethod(fill)
        here, elsewhere, reason = HERE, ELSEWHERE, REASON

    return Helpers


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The made-up sweep, made once; only read it."""
    folder = tmp_path_factory.mktemp("filled")
    with Store.open(f"sqlite:///{folder / 'store.db'}") as opened:
        fill(opened)
        yield opened
