"""How examples without published splits are divided: by a stated rule, alike on every machine, no copy in two splits.

    stratified     within each label, by a hash of the content
    by group       whole groups (a speaker, a template, a document), by a hash of the group
    in time order  the first for training, the last for test
    in folds       for cross-validation, within each label, by a hash of the content or of the group

A hash decides, not a random generator and not the order: adding examples moves none of the others across splits, but
where a split of a label would be empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np


@dataclass(frozen=True)
class Shares:
    """SplitPositions of the data that are held out; the rest is for training.

    Attributes:
        val, test: above 0, and together below 1.
    """

    val: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        if not (self.val > 0 and self.test > 0 and self.val + self.test < 1):
            raise ValueError(
                f"the shares held out are {self.val} and {self.test}; each must be above 0, both together below 1."
            )


@dataclass(frozen=True)
class SplitPositions:
    """Positions of the examples of each split, int64, ascending; disjoint, and together all of them.

    Attributes:
        train, val, test: the positions.
        rule: in words, for the notes of a run.
    """

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    rule: str = field(default="", compare=False)


def stratified(contents: Sequence[str], labels: Sequence[Hashable], shares: Shares | None = None) -> SplitPositions:
    """Divide each label alike; examples of equal content go into one split, with the label of the first of them.

    Args:
        contents: (N,) of each example, in the form in which copies are equal.
        labels: (N,) of each example.
        shares: to hold out; by default a tenth for each.
    """
    shares = shares or Shares()
    first: dict[str, Hashable] = {}
    for content, label in zip(contents, labels, strict=True):
        first.setdefault(content, label)
    split: dict[str, str] = {}
    for names in _of_each_label(first):
        split |= _ranked(names, shares)
    rule = f"{_percent(shares)} of each label by the hash of the content; equal content stays in one split"
    return _parts([split[content] for content in contents], rule)


def by_group(groups: Sequence[Hashable], shares: Shares | None = None, *, named: str = "group") -> SplitPositions:
    """Divide whole groups; shares are of the groups, however large each is.

    Args:
        groups: (N,) of each example.
        shares: to hold out; by default a tenth for each.
        named: what a group is, for the rule ("speaker").
    """
    shares = shares or Shares()
    names = {str(group) for group in groups}
    split = _ranked(sorted(names), shares)
    return _parts(
        [split[str(group)] for group in groups], f"whole {named}s: {_percent(shares)} by the hash of the {named}"
    )


def in_time_order(count: int, shares: Shares | None = None) -> SplitPositions:
    """The first for training, then validation, the last for test."""
    shares = shares or Shares()
    first, second = round(count * (1 - shares.val - shares.test)), round(count * (1 - shares.test))
    positions = np.arange(count, dtype=np.int64)
    return SplitPositions(
        positions[:first], positions[first:second], positions[second:], f"{_percent(shares)} in the order of time"
    )


def in_folds(
    contents: Sequence[str],
    labels: Sequence[Hashable],
    fold: int,
    folds: int,
    *,
    groups: Sequence[Hashable] | None = None,
    val: float = 1.0,
) -> SplitPositions:
    """One fold for test, validation from the next one, the rest for training; each label is divided alike.

    Examples of equal content, and of one group where groups are named, are in one fold, with the label of the first.

    Args:
        contents: (N,) of each example, in the form in which copies are equal.
        labels: (N,) of each example.
        fold: which is test, 0 to folds - 1.
        folds: how many.
        groups: (N,) what each example was taken from (a film, a speaker); None: each content on its own.
        val: share of the next fold that is validation; what remains of it is for training.
    """
    names = list(contents) if groups is None else _joined(contents, groups)
    first: dict[str, Hashable] = {}
    for name, label in zip(names, labels, strict=True):
        first.setdefault(name, label)
    split = dict.fromkeys(first, "train")
    for alike in _of_each_label(first):
        ordered = _by_hash(alike)
        following = ordered[(fold + 1) % folds :: folds]
        split |= dict.fromkeys(ordered[fold::folds], "test")
        split |= dict.fromkeys(following[: ceil(val * len(following))], "val")
    what = "content; equal content" if groups is None else "group; a group, and equal content,"
    of_next = "the next" if val == 1 else f"{round(100 * val)} % of the next"
    rule = f"fold {fold} of {folds} for test, {of_next} for validation; folds of each label by the hash of the {what}"
    return _parts([split[name] for name in names], f"{rule} stays in one fold")


def _joined(contents: Sequence[str], groups: Sequence[Hashable]) -> list[str]:
    """(N,) a name for what holds each example: its group, or the smallest of groups that share a content."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names = [str(group) for group in groups]
    group_of, content_of = (np.unique(which, return_inverse=True)[1] for which in (names, contents))
    groups_in_all = int(group_of.max(initial=-1)) + 1
    nodes = groups_in_all + int(content_of.max(initial=-1)) + 1
    shared = coo_array((np.ones(len(names)), (group_of, groups_in_all + content_of)), shape=(nodes, nodes))
    part = connected_components(shared, directed=False)[1][group_of]
    smallest: dict[int, str] = {}
    for name, component in zip(names, part.tolist(), strict=True):
        smallest[component] = min(name, smallest.get(component, name))
    return [smallest[component] for component in part.tolist()]


def _by_hash(names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())


def _of_each_label(labels: Mapping[str, Hashable]) -> Iterable[list[str]]:
    """The names of each label, in the order in which they stand."""
    found: dict[Hashable, list[str]] = {}
    for name, label in labels.items():
        found.setdefault(label, []).append(name)
    return found.values()


def _ranked(names: Sequence[str], shares: Shares) -> dict[str, str]:
    """The split of each of different names. With three names or more, each split has one."""
    ordered = _by_hash(names)
    test = max(1, round(len(ordered) * shares.test))
    val = max(1, round(len(ordered) * shares.val))
    if len(ordered) < 3:
        test = val = 0
    return {
        name: "test" if rank < test else "val" if rank < test + val else "train" for rank, name in enumerate(ordered)
    }


def _parts(split: Sequence[str], rule: str) -> SplitPositions:
    positions = {name: [i for i, one in enumerate(split) if one == name] for name in ("train", "val", "test")}
    train, val, test = (np.array(positions[name], dtype=np.int64) for name in ("train", "val", "test"))
    return SplitPositions(train, val, test, rule)


def _percent(shares: Shares) -> str:
    return f"{round(100 * (1 - shares.val - shares.test))}/{round(100 * shares.val)}/{round(100 * shares.test)} %"
