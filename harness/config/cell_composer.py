"""Composes the cells of a sweep: Hydra composes what they share once; plain values are filled in afterwards.

A word that gives a single value to a leaf of the configuration (seed=3, optimizer.lr=0.1) does the same whatever the
other words are, as long as nothing refers to it by interpolation. So Hydra composes each distinct set of the *other*
words (choices of groups, lists, mappings) once, and every cell is that base with its leaves replaced. Where that is not
safe, or a value is wrong, Hydra composes the whole cell on its own, so words mean the same and errors read the same
either way. A property test checks that both ways agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import (
    AnyNode,
    BooleanNode,
    DictConfig,
    FloatNode,
    IntegerNode,
    ListConfig,
    OmegaConf,
    PathNode,
    StringNode,
    ValueNode,
)

from harness.config import checks
from harness.config.composition import CONFIG, compose, finished, loader, plain_value
from harness.config.path_options import as_typed
from harness.config.plain import canonical
from harness.config.run_options import Section
from harness.config.schema import LimitOptions, SweepOptions, meaning_of, root_values
from harness.config.settings import RunSettings, plain_section
from harness.config.task_options import DATASET
from harness.config.typed import SECTIONS, assemble, sweep_options, to_object, to_settings
from harness.contract.options import AROUND_A_RUN

_LEAF = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]*")
_SAME = {StringNode: str, IntegerNode: int, FloatNode: float, BooleanNode: bool}
"""Types of nodes that hold a value of that very type as it is."""


@dataclass(frozen=True)
class Cell:
    """One run, composed.

    Attributes:
        overrides: the words that reproduce this cell alone, without those that only say how runs are monitored and
            where they are started.
        settings: what they compose to; task, model and other sections may be shared with other cells.
        sweep: options that only a sweep reads.
        of_experiment: whether an experiment is among the words.
    """

    overrides: tuple[str, ...]
    settings: RunSettings
    sweep: SweepOptions
    of_experiment: bool = False

    @classmethod
    def of(cls, words: Sequence[str], settings: RunSettings, sweep: SweepOptions) -> Cell:
        """The cell that the words compose to."""
        names = [word.partition("=")[0] for word in words]
        repeating = tuple(w for w, name in zip(words, names, strict=True) if meaning_of(name).where != AROUND_A_RUN)
        return cls(repeating, settings, sweep, "experiment" in names)


class CellComposer:
    """Composes cells from words, caching what they have in common.

    Args:
        threads: intra-op threads of a run that does not set them.
    """

    def __init__(self, threads: int | None) -> None:
        self._threads = threads
        self._words: dict[str, _Word] = {}
        self._bases: dict[tuple[str, ...], _Base | None] = {}
        self._sections: dict[tuple[Any, ...], Any] = {}  # by base, section and leaves
        self._objects: dict[tuple[type, str], Any] = {}  # bases share equal sections
        self._shared: dict[tuple[Any, ...], RunSettings] = {}

    def cell(self, words: tuple[str, ...]) -> Cell:
        """The cell described by the words of one run.

        Raises:
            ConfigError, UnknownNameError, PluginError: as `compose` and `to_settings`.
        """
        try:
            made = self._derived(words)
        except Exception:  # composing the whole cell raises the same error, worded for users
            made = None
        return made if made is not None else self.alone(words)

    def alone(self, words: Sequence[str]) -> Cell:
        """The same cell, composed entirely by Hydra.

        Raises:
            ConfigError, UnknownNameError, PluginError: as `cell`.
        """
        config = compose(words)
        return Cell.of(words, to_settings(config, threads=self._threads), sweep_options(config))

    def _derived(self, words: tuple[str, ...]) -> Cell | None:
        """The cell from its base and its leaves; None where it must be composed alone."""
        leaves: dict[str, _Word] = {}
        others: list[_Word] = []
        for text in words:
            word = self._word(text)
            if not word.is_leaf:
                others.append(word)
            elif word.key in leaves:
                return None
            else:
                leaves[word.key] = word
        if any(_overlap(one, other.key) for other in others if not other.is_choice for one in leaves):
            return None
        base = self._base(tuple(word.text for word in others))
        if base is None:
            return None
        root = dict(base.root)
        inside: dict[str, list[tuple[_Word, Any]]] = {}
        for key, word in leaves.items():
            value = base.converted(word)
            head = key.partition(".")[0]
            if head in SECTIONS:
                inside.setdefault(head, []).append((word, value))
            else:
                root[key] = value
        chosen = {kind: self._section(base, kind, inside.get(kind, ())) for kind in SECTIONS}
        return self._assembled(words, base, chosen, root)

    def _assembled(self, words: tuple[str, ...], base: _Base, chosen: dict[str, Any], root: dict[str, Any]) -> Cell:
        """The cell; cells that differ only in values at the root share the checks of the rest."""
        checks.check_section("", root.get)
        sweep = SweepOptions(
            baselines=root.pop("baselines"),
            launcher=root.pop("launcher"),
            limits=LimitOptions(root.pop("limits.time"), root.pop("limits.memory")),
        )
        root["sweep"] = root["sweep"] or base.experiment or "default"
        checks.check_words(root["budget"], root["target"], root["match"])
        logger, match, target = root.pop("logger"), root["match"], root["target"]
        key = (*(id(chosen[kind]) for kind in SECTIONS), id(base), canonical(logger), match, target)
        like = self._shared.get(key)
        if like is None:
            like = assemble(chosen, root, loggers=checks.loggers(logger), tuned=base.tuned, threads=self._threads)
            self._shared[key] = like
        del root["match"]
        return Cell.of(words, replace(like, **root), sweep)

    def _word(self, text: str) -> _Word:
        if text not in self._words:
            self._words[text] = _read(text)
        return self._words[text]

    def _base(self, words: tuple[str, ...]) -> _Base | None:
        if words not in self._bases:
            self._bases[words] = _composed(words)
        return self._bases[words]

    def _section(self, base: _Base, kind: str, leaves: Any) -> Any:
        key = (id(base), kind, *(word.text for word, _ in leaves))
        if key not in self._sections:
            made = base.section(kind, leaves)
            if kind not in ("task", "model"):
                checks.check_section(kind, lambda name: getattr(made, name))
            self._sections[key] = self._objects.setdefault((type(made), canonical(plain_section(kind, made))), made)
        return self._sections[key]


@dataclass(frozen=True)
class _Word:
    """A word as Hydra's grammar reads it.

    Attributes:
        as_path: its value for an option that is a path.
        is_choice: whether it chooses among the configurations of a group.
        is_leaf: whether it gives a single plain value to an option of a section or of the root.
    """

    text: str
    key: str
    value: Any = None
    as_path: Any = None
    is_choice: bool = False
    is_leaf: bool = False


def _read(text: str) -> _Word:
    key, _, written = text.partition("=")
    if _WHOLE_NUMBER.fullmatch(written) and _LEAF.fullmatch(key):  # the common case needs no parser
        value: Any = int(written)
        as_path: Any = written
    else:
        (override,) = OverridesParser.create(config_loader=loader()).parse_overrides([text])
        if not _sets_one_value(override):
            return _Word(text, key, is_choice=True)
        value, as_path = override.value(), as_typed(override)
    if key == DATASET:  # it determines which options exist
        return _Word(text, key, is_choice=True)
    if loader().repository.group_exists(key):
        return _Word(text, key, is_choice=not isinstance(value, dict))
    plain = value is None or isinstance(value, bool | int | float | str)
    referring = isinstance(value, str) and ("${" in value or value == "???")
    known = key.partition(".")[0] in (*SECTIONS, "limits") or key in root_values()
    return _Word(text, key, value, as_path, is_leaf=plain and not referring and known and bool(_LEAF.fullmatch(key)))


def _sets_one_value(override: Override) -> bool:
    return (
        override.package is None
        and not (override.is_add() or override.is_force_add() or override.is_delete())
        and not override.is_sweep_override()
    )


class _Base:
    """A configuration composed by Hydra, to be filled with leaves; the base itself never changes."""

    def __init__(self, config: DictConfig, experiment: str | None) -> None:
        self.config, self.experiment = config, experiment
        self.tuned: Any = OmegaConf.to_container(config.tuned) if config.tuned else {}
        self.root = {name: config[name] for name in root_values() if name != "logger"}
        self.root |= {"logger": plain_value(config, "logger")}
        self.root |= {f"limits.{name}": config.limits[name] for name in ("time", "memory")}
        self._converted: dict[str, Any] = {}
        self._scalars = {kind: _scalars(config[kind]) for kind in SECTIONS}

    def converted(self, word: _Word) -> Any:
        """The word's value, converted to the option's type.

        Raises:
            OmegaConfBaseException: there is no such option, or the value does not fit.
        """
        if word.text in self._converted:
            return self._converted[word.text]
        parent, _, last = word.key.rpartition(".")
        node = (OmegaConf.select(self.config, parent) if parent else self.config)._get_node(last)
        if not isinstance(node, ValueNode):
            raise TypeError(f"{word.key} is no leaf")
        if type(node) is AnyNode or type(word.value) is _SAME.get(type(node)):
            return word.value
        before = node._value()
        given = word.as_path if isinstance(node, PathNode) else word.value
        try:
            OmegaConf.update(self.config, word.key, given, merge=True)
            value = OmegaConf.select(self.config, word.key)
        finally:
            OmegaConf.update(self.config, word.key, before, merge=True)
        self._converted[word.text] = value
        return value

    def section(self, kind: str, leaves: Any) -> Any:
        """A section's object with the leaves filled in."""
        scalars = self._scalars[kind]
        if scalars is not None and all(word.key.count(".") == 1 for word, _ in leaves):
            given = {word.key.partition(".")[2]: value for word, value in leaves}
            cls: Any = OmegaConf.get_type(self.config, kind)
            return cls(**{**scalars, **given})
        changed = OmegaConf.create({})
        changed[kind] = deepcopy(self.config[kind])
        for word, value in leaves:
            OmegaConf.update(changed, word.key, value, merge=True)
        return to_object(changed, kind)


def _scalars(section: DictConfig) -> dict[str, Any] | None:
    """The values of a section whose object can be rebuilt from them; None for any other section."""
    cls: Any = OmegaConf.get_type(section)
    lists = (ListConfig,) if issubclass(cls, Section) else ()  # its lists become tuples, so nothing is shared
    nodes = {item.name: section._get_node(item.name) for item in fields(cls)}
    if not all(isinstance(node, (ValueNode, *lists)) for node in nodes.values()) or not all(
        item.init for item in fields(cls)
    ):
        return None
    return {
        name: OmegaConf.to_object(node) if isinstance(node, ListConfig) else section[name]
        for name, node in nodes.items()
    }


def _composed(words: tuple[str, ...]) -> _Base | None:
    """The base of cells that share these words; None where its leaves cannot be replaced one by one."""
    config, experiment = loader().compose(CONFIG, list(words))
    named = all(hasattr(OmegaConf.get_type(config, kind), "name") for kind in ("task", "model"))
    if not named or _refers(OmegaConf.to_container(config, resolve=False)):
        return None
    return _Base(finished(config, experiment), experiment)


def _refers(value: Any) -> bool:
    """Whether plain data holds an interpolation, or a value that is missing."""
    if isinstance(value, dict):
        return any(_refers(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_refers(inner) for inner in value)
    return isinstance(value, str) and ("${" in value or value == "???")


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
