"""The task contract, one function a clause; each takes a task whose data is quick to make (`Task.tiny()`).

Axes: T input time, U target time, F features, K classes, V vocabulary.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy

import numpy as np

from harness.batch import Dataset, Example
from harness.specs import (
    ClassTarget,
    CTCTarget,
    ForecastTarget,
    FrameInput,
    FrameTarget,
    GraphSeriesInput,
    NextTokenTarget,
    TokenInput,
    TokenSequenceTarget,
    VideoInput,
)
from harness.task import Prediction, Task, TaskData, aggregate

SPLITS = ("train", "val", "test")


def declarations(task: Task) -> None:
    """Metrics have names, units and directions; references name metrics; a data set has a name."""
    assert task.metrics, "a task needs at least one metric; the first is the primary one"
    names = [m.name for m in task.metrics]
    assert len(set(names)) == len(names), f"two metrics share a name: {names}"
    for metric in task.metrics:
        assert metric.name == metric.name.lower(), f"metric '{metric.name}': names are lower case"
        assert metric.unit, f"metric '{metric.name}' has no unit"
        assert isinstance(metric.higher_is_better, bool), f"metric '{metric.name}' does not declare its direction"
    for reference in task.references:
        assert reference.metric in names, f"a published figure names the metric '{reference.metric}'; known: {names}"
        assert reference.source, f"the published figure of '{reference.system}' has no source"
    assert task.dataset_name, "dataset_name is empty"
    assert type(task.tiny()) is type(task), "tiny() must return a task of the same class"
    assert task.loader.batch_size > 0, "loader.batch_size must be positive"


def fingerprint(task: Task) -> None:
    """The data's fingerprint is known before the data, the same twice, and made of hex digits."""
    one, two = task.data_fingerprint(), deepcopy(task).data_fingerprint()
    assert one == two, "data_fingerprint differs between two calls"
    assert len(one) == 64, f"data_fingerprint has {len(one)} characters; a SHA-256 has 64"
    int(one, 16)


def specifications(task: Task) -> None:
    """Every example is as the specifications say, and the lengths of a split are those of its examples."""
    data = _load(task)
    assert isinstance(data.input_spec, task.input_type), f"input_spec is no {task.input_type.__name__}"
    assert isinstance(data.target_spec, task.target_type), f"target_spec is no {task.target_type.__name__}"
    for name in SPLITS:
        split: Dataset = getattr(data, name)
        assert len(split) > 0, f"the {name} split is empty"
        for index, example in enumerate(_examples(split)):
            where = f"{name} example '{example.id}'"
            if example.input is None:
                assert isinstance(data.target_spec, NextTokenTarget), f"{where} has no input"
            else:
                _check_input(data, example, where)
            _check_target(task, data, example, where)
            found = (int(split.input_lengths[index]), int(split.target_lengths[index]))
            assert found == _lengths(example), f"{where}: the split says lengths {found}, it has {_lengths(example)}"


def splits(task: Task) -> None:
    """Ids are unique, and no example of one split stands in another."""
    data = _load(task)
    ids: dict[str, str] = {}
    contents: dict[str, str] = {}
    for name in SPLITS:
        for example in _examples(getattr(data, name)):
            assert example.id not in ids, f"the id '{example.id}' occurs twice, in {ids.get(example.id)} and {name}"
            ids[example.id] = name
            other = contents.setdefault(_content(example), name)
            assert other == name, f"example '{example.id}' of the {name} split stands in the {other} split too"


def repeatable(task: Task) -> None:
    """Loading twice gives the same data to the last bit, whatever the global generators did meanwhile."""
    np.random.seed(0)  # the legacy generator is what a careless task would draw from
    one = digests(deepcopy(task))
    np.random.seed(1)
    two = digests(deepcopy(task))
    for name in SPLITS:
        assert one[name] == two[name], f"the {name} split differs between two calls of setup()"


def scoring(task: Task) -> None:
    """A perfect prediction scores best, the answers of other examples score worse on the primary metric."""
    data = _load(task)
    examples = [data.test[i] for i in range(len(data.test))]
    perfect = [_perfect(data, e) for e in examples]
    rotated = [_answer_of(perfect[(i + 1) % len(perfect)], e.id) for i, e in enumerate(examples)]
    if isinstance(data.target_spec, NextTokenTarget):
        rotated = [Prediction(p.id, None, nats=2.0 * p.count, count=p.count) for p in perfect]
    best, worse = (aggregate(task.metrics, task.evaluate(answers, examples)) for answers in (perfect, rotated))
    for metric in task.metrics:
        sign = 1 if metric.higher_is_better else -1
        assert np.isfinite(best[metric.name]), f"metric '{metric.name}' of perfect predictions is not finite"
        assert sign * best[metric.name] >= sign * worse[metric.name], (
            f"metric '{metric.name}' (higher is better: {metric.higher_is_better}) gives perfect predictions "
            f"{best[metric.name]:.4g} and wrong ones {worse[metric.name]:.4g}"
        )
    primary = task.metrics[0].name
    assert best[primary] != worse[primary], f"the primary metric '{primary}' does not see wrong predictions"


def statistics(task: Task) -> None:
    """Rows survive JSON, and the corpus value does not depend on the order of the examples."""
    data = _load(task)
    examples = [data.test[i] for i in range(len(data.test))]
    rows = task.evaluate([_perfect(data, e) for e in examples], examples)
    assert len(rows) == len(examples), f"evaluate returned {len(rows)} rows for {len(examples)} predictions"
    stored = [json.loads(json.dumps({k: dict(v) for k, v in row.items()})) for row in rows]
    values = aggregate(task.metrics, rows)
    for way, again in (("storing", stored), ("another order", stored[::-1])):
        for name, value in aggregate(task.metrics, again).items():
            assert np.isclose(value, values[name], rtol=1e-9, equal_nan=True), (
                f"metric '{name}' is {values[name]!r}, and {value!r} after {way} of its rows"
            )


def augmentation(task: Task) -> None:
    """Augmentation repeats with its generator, keeps what the example is, and does not touch the split."""
    data = _load(task)
    if data.augment is None:
        return
    import torch

    example = data.train[0]
    before = _content(example)
    one, two = (data.augment(example, torch.Generator().manual_seed(5)) for _ in range(2))
    assert _content(one) == _content(two), "augmentation differs with the same generator"
    assert (one.id, one.references) == (example.id, example.references), "augmentation changed the id or references"
    assert _content(data.train[0]) == before, "augmentation changed the training split itself"
    _check_input(data, one, "an augmented example")


def baselines(task: Task) -> None:
    """A baseline answers for every test example, in order, the same with one seed."""
    offered = task.baselines()
    if not offered:
        return
    data = _load(task)
    ids = [data.test[i].id for i in range(len(data.test))]
    examples = [data.test[i] for i in range(len(data.test))]
    for baseline in offered:
        assert baseline.description, f"baseline '{baseline.name}' has no description"
        one, two = (baseline.predict(data, 0) for _ in range(2))
        assert [p.id for p in one] == ids, f"baseline '{baseline.name}' does not answer for the test split in order"
        values = [aggregate(task.metrics, task.evaluate(answers, examples)) for answers in (one, two)]
        assert repr(values[0]) == repr(values[1]), f"baseline '{baseline.name}' differs with the same seed"


CHECKS: tuple[Callable[[Task], None], ...] = (
    declarations,
    fingerprint,
    specifications,
    splits,
    repeatable,
    scoring,
    statistics,
    augmentation,
    baselines,
)
"""All clauses."""


def digests(task: Task) -> dict[str, list[tuple[str, str]]]:
    """(id, digest of the content) of every example, by split: equal for two equal loads of the data."""
    data = _load(task)
    return {name: [(e.id, _content(e)) for e in _examples(getattr(data, name))] for name in SPLITS}


def _load(task: Task) -> TaskData:
    task.prepare_data()
    return task.setup()


def _examples(split: Dataset) -> list[Example]:
    return [split[i] for i in range(len(split))]


def _lengths(example: Example) -> tuple[int, int]:
    target = np.asarray(example.target)
    units = len(target) if target.ndim else 1
    return (len(example.input) if example.input is not None else units), units


def _check_input(data: TaskData, example: Example, where: str) -> None:
    array = np.asarray(example.input)
    assert len(array) > 0, f"{where}: the input is empty"
    match data.input_spec:
        case TokenInput():
            assert array.ndim == 1, f"{where}: tokens have shape {array.shape}, not (T,)"
            assert np.issubdtype(array.dtype, np.integer), f"{where}: tokens are {array.dtype}"
            inside = (array >= 0).all() and (array < data.input_spec.vocab_size).all()
            assert inside, f"{where}: tokens {array.min()}..{array.max()}, vocabulary {data.input_spec.vocab_size}"
            return
        case FrameInput():
            rest: tuple[int, ...] = (data.input_spec.feature_dim,)
        case VideoInput():
            rest = (data.input_spec.channels, data.input_spec.height, data.input_spec.width)
        case GraphSeriesInput():
            rest = (data.input_spec.nodes, data.input_spec.features)
    assert array.shape[1:] == rest, f"{where}: the input has shape {array.shape}, not (T, {', '.join(map(str, rest))})"
    assert np.isfinite(array).all(), f"{where}: the input is not finite"


def _check_target(task: Task, data: TaskData, example: Example, where: str) -> None:
    target = np.asarray(example.target)
    match data.target_spec:
        case ClassTarget():
            classes = data.target_spec.num_classes
            assert target.ndim == 0, f"{where}: the class has shape {target.shape}; it must be one number"
            assert 0 <= int(target) < classes, f"{where}: class {target} of {classes}"
        case FrameTarget():
            _inside(target, 0, data.target_spec.num_classes, where)
            assert len(target) == _lengths(example)[0], (
                f"{where}: {len(target)} classes for {_lengths(example)[0]} frames"
            )
        case CTCTarget():
            _inside(target, 1, data.target_spec.num_labels + 1, where)
            repeats = int((target[1:] == target[:-1]).sum())
            frames = -(-_lengths(example)[0] // task.max_subsampling)
            assert frames >= len(target) + repeats, (
                f"{where}: {len(target)} labels with {repeats} repeats need {len(target) + repeats} frames; "
                f"subsampling by max_subsampling={task.max_subsampling} leaves {frames}"
            )
            assert data.target_spec.max_subsampling == task.max_subsampling, (
                f"target_spec says max_subsampling={data.target_spec.max_subsampling}, "
                f"the task declares {task.max_subsampling}"
            )
        case NextTokenTarget():
            _inside(target, 0, data.target_spec.vocab_size, where)
        case TokenSequenceTarget():
            _inside(target, 0, data.target_spec.vocab_size, where)
            eos = data.target_spec.eos_id
            assert target[-1] == eos, f"{where}: the target ends in {target[-1]}, not in eos ({eos})"
            assert (target[:-1] != eos).all(), f"{where}: eos stands before the end"
        case ForecastTarget():
            shape = (data.target_spec.horizon, data.target_spec.dim)
            assert target.shape == shape, f"{where}: the target has shape {target.shape}, not {shape}"
            assert np.isfinite(target).all(), f"{where}: the target is not finite"


def _inside(target: np.ndarray, low: int, high: int, where: str) -> None:
    assert target.ndim == 1, f"{where}: the target has shape {target.shape}, not (U,)"
    assert len(target) > 0, f"{where}: the target is empty"
    assert target.min() >= low, f"{where}: target {target.min()} is under {low}"
    assert target.max() < high, f"{where}: target {target.max()} is not under {high}"


def _perfect(data: TaskData, example: Example) -> Prediction:
    """The prediction of someone who knows the answer."""
    count = _lengths(example)[1]
    text = example.references[0] if example.references else ""
    target = np.asarray(example.target)
    match data.target_spec:
        case ClassTarget():
            scores = np.full(data.target_spec.num_classes, -20.0)
            scores[int(target)] = 0.0
            return Prediction(example.id, int(target), text, tuple(scores.tolist()), 0.0, 1)
        case NextTokenTarget():
            return Prediction(example.id, None, nats=0.0, count=count)
        case TokenSequenceTarget():
            return Prediction(example.id, target[:-1].tolist(), text, (), 0.0, count)
    return Prediction(example.id, target.tolist(), text, (), 0.0, target.size)


def _answer_of(other: Prediction, name: str) -> Prediction:
    return Prediction(name, other.output, other.text, other.scores, 5.0 * other.count, other.count)


def _content(example: Example) -> str:
    """A digest of what the example says, without its id."""
    digest = hashlib.sha256()
    for part in (example.input, example.target):
        array = np.asarray(part if part is not None else -1)
        digest.update(f"{array.shape}{array.dtype.kind}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(repr((example.references, example.source)).encode())
    return digest.hexdigest()
