"""The contracts as test suites: an outside author's test file is one class.

    from harness.testing import ModelContract
    from harness_mine.mine import Mine

    class TestMine(ModelContract):
        model = Mine()
        variants = (Mine(layers=2),)     # optional: options that change the architecture

pytest then runs one test for each clause and case. A clause that says nothing of the plug-in is skipped with the
reason. pytest is imported by nothing here but the methods that it calls.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import PluginError
from harness.testing.clause import Clause
from harness.testing.examination import examine, pairs

if TYPE_CHECKING:
    import pytest

    from harness.contract.dataset import Dataset
    from harness.contract.model import Model
    from harness.contract.target import Target
    from harness.contract.task import Task


class _Contract:
    """What all suites share: one test for each clause and case."""

    __test__ = False
    """Whether pytest collects the class: those that authors derive, not the base classes that they import."""

    variants: ClassVar[Sequence[Any]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__test__" not in vars(cls):
            cls.__test__ = True

    @classmethod
    def subject(cls) -> Any:
        """The plug-in as the author gave it."""
        raise NotImplementedError

    @classmethod
    def clauses(cls) -> Sequence[Clause[Any]]:
        """All clauses of the contract."""
        raise NotImplementedError

    @classmethod
    def subjects(cls, plugin: Any) -> Sequence[Any]:
        """What the clauses are checked on."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each clause and case of the plug-in and of its variants."""
        import pytest

        if "cell" not in metafunc.fixturenames:
            return
        made = []
        for plugin in (self.subject(), *self.variants):
            label = "" if isinstance(plugin, type) else options_of(plugin)
            for one, subject, reason in pairs(self.clauses(), self.subjects(plugin)):
                words = [one.name, label, "" if reason else subject.case_name]
                marks = pytest.mark.skip(reason=f"{one.name} does not apply: {reason}") if reason else ()
                made.append(pytest.param((one, subject), id="-".join(filter(None, words)), marks=marks))
        metafunc.parametrize("cell", made)

    def test_clause(self, cell: tuple[Clause[Any], Any]) -> None:
        """The clause holds; else the message says what was found, on which example, and what to change."""
        finding = examine(*cell)
        if finding.held is False:
            raise AssertionError(finding.report) from finding.error


class _Configured(_Contract):
    """What the suites of tasks and models share: plug-ins that are configured, and have a tiny form."""

    __test__ = False

    def test_variants_stay_different(self) -> None:
        """tiny() keeps the options of a variant: else the suite would check one architecture several times."""
        plugins = [self.subject(), *self.variants]
        seen: list[Any] = []
        for plugin in plugins:
            small = plugin.tiny()
            same = next((options_of(p) for p, other in seen if other == small), None)
            assert same is None, (
                f"tiny() of the variant '{options_of(plugin)}' equals that of '{same or 'the defaults'}': {small}. "
                "Let tiny() keep the options that change the architecture."
            )
            seen.append((plugin, small))


class ModelContract(_Configured):
    """Every clause of the model contract, on every kind of task that the model fits.

    Attributes:
        model: an instance of the plug-in's class; its `tiny()` is checked.
        variants: further instances, whose options change the architecture. Each must have a `tiny()` of its own,
            different from those of the others: `dataclasses.replace(self, hidden_size=16)` keeps the other options.
    """

    __test__ = False

    model: ClassVar[Model]
    variants: ClassVar[Sequence[Model]] = ()

    @classmethod
    def subject(cls) -> Any:
        """The model."""
        return _given(cls, "model")

    @classmethod
    def clauses(cls) -> Sequence[Clause[Any]]:
        """Those of `model_checks`."""
        from harness.testing.model_checks import CLAUSES

        return CLAUSES

    @classmethod
    def subjects(cls, plugin: Any) -> Sequence[Any]:
        """The model on each kind of task that it fits."""
        from harness.testing.model_subject import subjects

        return subjects(plugin)


class TaskContract(_Configured):
    """Every clause of the task contract, on the task's tiny data.

    Attributes:
        task: an instance of the plug-in's class; its `tiny()` is checked.
        variants: further instances, whose options change the data. Each must have a `tiny()` of its own, different
            from those of the others.
    """

    __test__ = False

    task: ClassVar[Task]
    variants: ClassVar[Sequence[Task]] = ()

    @classmethod
    def subject(cls) -> Any:
        """The task."""
        return _given(cls, "task")

    @classmethod
    def clauses(cls) -> Sequence[Clause[Any]]:
        """Those of `task_checks`."""
        from harness.testing.task_checks import CLAUSES

        return CLAUSES

    @classmethod
    def subjects(cls, plugin: Any) -> Sequence[Any]:
        """The task's tiny form."""
        from harness.testing.task_subject import subjects

        return subjects(plugin)


class TargetContract(_Contract):
    """Every clause of the target contract, on the cases that the target brings.

    Attributes:
        target: the plug-in's class.
    """

    __test__ = False

    target: ClassVar[type[Target]]

    @classmethod
    def subject(cls) -> Any:
        """The target."""
        found = getattr(cls, "target", None)
        if found is None:
            raise PluginError(f"class {cls.__name__} must say what to check: target = Mine, the class of the plug-in")
        return found

    @classmethod
    def clauses(cls) -> Sequence[Clause[Any]]:
        """Those of `target_checks`."""
        from harness.testing.target_checks import CLAUSES

        return CLAUSES

    @classmethod
    def subjects(cls, plugin: Any) -> Sequence[Any]:
        """The target on each of its cases."""
        from harness.testing.target_subject import subjects

        return subjects(plugin)


class DatasetContract(_Contract):
    """Every clause of the data set contract, on the data set's tiny form.

    Attributes:
        dataset: an instance of the plug-in's class; its `tiny()` is checked.
        variants: further instances, whose options change what `tiny()` returns.
    """

    __test__ = False

    dataset: ClassVar[Dataset]
    variants: ClassVar[Sequence[Dataset]] = ()

    @classmethod
    def subject(cls) -> Any:
        """The data set."""
        return _given(cls, "dataset")

    @classmethod
    def clauses(cls) -> Sequence[Clause[Any]]:
        """Those of `dataset_checks`."""
        from harness.testing.dataset_checks import CLAUSES

        return CLAUSES

    @classmethod
    def subjects(cls, plugin: Any) -> Sequence[Any]:
        """The data set's tiny form, under its task's."""
        from harness.testing.dataset_subject import subjects

        return subjects(plugin)


def options_of(plugin: Any) -> str:
    """The fields that differ from their defaults, "layers=2,attention=bahdanau"; the same in every process."""
    default = type(plugin)()
    words = []
    for field in dataclasses.fields(plugin):
        value = getattr(plugin, field.name)
        if value != getattr(default, field.name):
            named = isinstance(value, Enum) or hasattr(type(value), "raw_input")  # a member, or a data set
            words.append(f"{field.name}={value.name if named else value}")
    return ",".join(words)


def _given(cls: type, name: str) -> Any:
    value = getattr(cls, name, None)
    if value is None:
        raise PluginError(f"class {cls.__name__} must say what to check: {name} = Mine(), an instance of the plug-in")
    return value() if isinstance(value, type) else value
